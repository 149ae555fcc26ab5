import type { ExportOptions } from './exports.ts'
import type { Logger } from './log.ts'
import { notAdmitted } from './log-refusals.ts'
import { statusName } from './metrics/status-name.ts'
import { findExport, splitPath } from './programs/mount3/path.ts'
import { quoted, type RefusalLog } from './refusal-log.ts'
import type { RepeatLimit } from './repeat-limit.ts'
import type { AnyProcedureRow, RpcCall, RpcProgram } from './rpc/program.ts'
import { mountstat3 } from './xdr/generated/mount.ts'

/** The MOUNT program with a line in the log for every mount, granted or refused; repetitions are held back. */
export function logMounts(
  program: RpcProgram,
  exports: () => readonly ExportOptions[],
  log: Logger,
  repeats: RepeatLimit,
  refusals: RefusalLog,
): RpcProgram {
  const report = (path: Uint8Array, call: RpcCall, result: MountResult) => {
    const status = result.fhs_status ?? result.status ?? 0
    const { address, port } = call.caller
    const components = splitPath(path)
    const entry = components && findExport(exports(), components)?.export
    const where = quoted(path)
    if (status !== mountstat3.MNT3_OK) {
      const why = reason(status, entry, port)
      // Per export, not per path: a client can invent any number of those.
      refusals.report({ client: address, export: entry?.path, reason: `mounting ${where}: ${why}` }, why)
      return
    }
    const suppressed = repeats.admit(`mount ${address} ${entry?.path}`)
    if (suppressed === undefined) return
    const details = { client: address, port, ...(suppressed > 0 && { suppressed }) }
    log.info(details, `client ${address} mounts ${where}`)
  }
  const versions = new Map<number, readonly (AnyProcedureRow | undefined)[]>()
  for (const [version, rows] of program.versions) {
    versions.set(
      version,
      rows.map((row) => (row && /^MOUNTPROC3?_MNT$/.test(row.procedure.name) ? reported(row, report) : row)),
    )
  }
  return { ...program, versions }
}

/** Version 3 has its status in `fhs_status`, version 1 in `status`. */
interface MountResult {
  readonly fhs_status?: number
  readonly status?: number
}

function reported(
  row: AnyProcedureRow,
  report: (path: Uint8Array, call: RpcCall, result: MountResult) => void,
): AnyProcedureRow {
  return {
    ...row,
    handler: (path: Uint8Array, call) => {
      // The path is a view of the record, which is gone once an answer has settled.
      const kept = new Uint8Array(path)
      const result = row.handler(path, call)
      if (!(result instanceof Promise)) {
        report(kept, call, result)
        return result
      }
      return result.then((value) => {
        report(kept, call, value)
        return value
      })
    },
  }
}

function reason(status: number, entry: ExportOptions | undefined, port: number): string {
  if (entry === undefined) return 'not exported'
  if (status === mountstat3.MNT3ERR_ACCES) return notAdmitted(entry, port)
  return statusName('mount', status) ?? String(status)
}
