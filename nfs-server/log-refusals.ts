/** Tells the refusal log when a call meets the walls of an export: its clients, its ports, its handles, its squashing. */
import type { Caller } from './caller.ts'
import type { ExportOptions } from './exports.ts'
import type { RefusalSink } from './refusal-log.ts'
import type { AnyProcedureRow, RpcCall, RpcProgram } from './rpc/program.ts'
import { errno } from './vfs/errno.ts'
import type { Judgement } from './vfs/native-core.ts'
import { nfsstat3 } from './xdr/generated/nfs3.ts'

export const privilegedPortMax = 1023
/** (uid_t)-1, which is nobody's. */
const noId = 0xffffffff

export interface RefusalContext {
  readonly exports: () => readonly ExportOptions[]
  /** What the gate says of a handle; undefined if nobody can say: calls may end after the server has. */
  readonly judge: (caller: Caller, handle: Uint8Array) => Judgement | undefined
  readonly log: RefusalSink
}

/** Those that a wall may be behind; others are the file system's word. */
const suspicious = new Set<number>([
  nfsstat3.NFS3ERR_PERM,
  nfsstat3.NFS3ERR_ACCES,
  nfsstat3.NFS3ERR_XDEV,
  nfsstat3.NFS3ERR_ROFS,
  nfsstat3.NFS3ERR_STALE,
  nfsstat3.NFS3ERR_BADHANDLE,
])

/** The program, which goes on answering as it did. */
export function logRefusals(program: RpcProgram, context: RefusalContext): RpcProgram {
  const versions = new Map<number, readonly (AnyProcedureRow | undefined)[]>()
  for (const [version, rows] of program.versions) {
    versions.set(
      version,
      rows.map((row) => row && watched(row, context)),
    )
  }
  return { ...program, versions }
}

function watched(row: AnyProcedureRow, context: RefusalContext): AnyProcedureRow {
  const check = (result: { readonly status?: number } | undefined, args: unknown, call: RpcCall) => {
    const status = result?.status
    if (status !== undefined && suspicious.has(status)) report(context, status, args, call)
  }
  return {
    ...row,
    handler: (args, call) => {
      const result = row.handler(args, call)
      // What the arguments are views of is there until the answer is given, which is later.
      if (result instanceof Promise) {
        result.then(
          (value) => check(value, args, call),
          () => {},
        )
      } else {
        check(result, args, call)
      }
      return result
    },
  }
}

function report(context: RefusalContext, status: number, args: unknown, { caller }: RpcCall): void {
  const judgements = handlesOf(args)
    .map((handle) => context.judge(caller, handle))
    .filter((judgement) => judgement !== undefined)
  for (const judgement of judgements) {
    const entry = context.exports().find(({ path }) => path === judgement.exportPath)
    const reason = reasonOf(status, judgement, entry, caller)
    if (reason === undefined) continue
    context.log.report({ client: caller.address, export: entry?.path, reason })
    return
  }
  const [first, second] = judgements
  if (status !== nfsstat3.NFS3ERR_XDEV || first === undefined || second === undefined) return
  if (first.exportPath === second.exportPath) return
  const reason = 'names and links do not go from one export to another'
  context.log.report({ client: caller.address, export: first.exportPath, reason })
}

/** Undefined: no wall of ours. */
function reasonOf(
  status: number,
  judgement: Judgement,
  entry: ExportOptions | undefined,
  caller: Caller,
): string | undefined {
  if (judgement.status === errno.EBADHANDLE) return 'it used a file handle that this server did not make'
  if (judgement.status === errno.ESTALE) return 'it used a file handle of an export that is gone'
  if (entry === undefined) return undefined
  if (judgement.status === errno.EACCES) return notAdmitted(entry, caller.port)
  if (judgement.status !== errno.OK) return undefined
  if (status === nfsstat3.NFS3ERR_ROFS && judgement.readOnly) return 'the export is read-only'
  const isRefused = status === nfsstat3.NFS3ERR_ACCES || status === nfsstat3.NFS3ERR_PERM
  if (!isRefused) return undefined
  const anonymous = `${entry.anonuid}:${entry.anongid}`
  if (caller.uid === -1 || caller.uid === noId) return `who names no user is ${anonymous} here`
  if (entry.squash === 'no_root_squash' || caller.uid !== 0) return undefined
  return `root is ${anonymous} here (${entry.squash})`
}

/** Why the export does not admit this client. */
export function notAdmitted(entry: ExportOptions, port: number): string {
  if (entry.secure && port > privilegedPortMax) {
    return 'its port is not below 1024, which "secure" demands (--insecure, secure: false)'
  }
  return 'it is not among the clients of the export'
}

/** The members of the arguments that are a handle, or a name in a directory that has one (RFC 1813). */
const handleFields = [
  'object',
  'file',
  'dir',
  'symlink',
  'fsroot',
  'what',
  'where',
  'from',
  'to',
  'link',
  'fh',
]

function handlesOf(args: unknown): Uint8Array[] {
  if (typeof args !== 'object' || args === null) return []
  const members = args as Readonly<Record<string, unknown>>
  return handleFields.map((field) => handleIn(members[field])).filter((handle) => handle !== undefined)
}

function handleIn(member: unknown): Uint8Array | undefined {
  if (typeof member !== 'object' || member === null) return undefined
  const { data, dir } = member as { readonly data?: unknown; readonly dir?: unknown }
  if (data instanceof Uint8Array) return data
  return dir === undefined ? undefined : handleIn(dir)
}
