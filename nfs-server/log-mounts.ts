import type { Logger, RepeatLimit } from './log.ts'
import { statusName } from './metrics/status-name.ts'
import type { AnyProcedureRow, RpcCall, RpcProgram } from './rpc/program.ts'

/** The MOUNT program with a line in the log for every mount, granted or refused; repetitions are held back. */
export function logMounts(program: RpcProgram, log: Logger, repeats: RepeatLimit): RpcProgram {
  const versions = new Map<number, readonly (AnyProcedureRow | undefined)[]>()
  for (const [version, rows] of program.versions) {
    versions.set(
      version,
      rows.map((row) =>
        row && /^MOUNTPROC3?_MNT$/.test(row.procedure.name) ? logged(row, log, repeats) : row,
      ),
    )
  }
  return { ...program, versions }
}

function logged(row: AnyProcedureRow, log: Logger, repeats: RepeatLimit): AnyProcedureRow {
  const report = (path: Uint8Array, call: RpcCall, result: { fhs_status?: number; status?: number }) => {
    const status = result.fhs_status ?? result.status ?? 0
    // Paths are the client's bytes: JSON escapes keep control characters out of a terminal.
    const where = JSON.stringify(Buffer.from(path).toString())
    const what = status === 0 ? 'mounts' : `may not mount (${statusName('mount', status) ?? status})`
    const message = `client ${call.caller.address} ${what} ${where}`
    const suppressed = repeats.admit(message)
    if (suppressed === undefined) return
    const details = {
      client: call.caller.address,
      port: call.caller.port,
      ...(suppressed > 0 && { suppressed }),
    }
    if (status === 0) log.info(details, message)
    else log.warn(details, message)
  }
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
