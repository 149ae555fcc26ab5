import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  mountstat3,
  MOUNT_V3_PROCEDURES as procedures,
} from '@fsva/nfs-server/xdr/generated/mount'
import {
  type FSINFO3resok,
  type fattr3,
  NFS_PROGRAM,
  NFS_V3,
  NFS_V3_PROCEDURES as nfs3,
  nfsstat3,
} from '@fsva/nfs-server/xdr/generated/nfs3'
import { ClientError, ExitCode } from './exit-codes.ts'
import type { RpcConnection } from './rpc-connection.ts'
import { RpcFailure } from './rpc-failure.ts'

/** One line of `showmount -e`. */
export interface Exported {
  readonly path: string
  readonly clients: readonly string[]
}

/** What the server exports. Throws RpcFailure. */
export async function listExports(mount: RpcConnection): Promise<readonly Exported[]> {
  const nodes = await mount.call(MOUNT_PROGRAM, MOUNT_V3, procedures.MOUNTPROC3_EXPORT, undefined)
  return nodes.map(({ ex_dir, ex_groups }) => ({
    path: printable(ex_dir),
    clients: ex_groups.map((group) => printable(group.gr_name)),
  }))
}

/** The root handle of an export, as mount(8) would get it. Throws ClientError. */
export async function mountOnce(mount: RpcConnection, path: string): Promise<Uint8Array> {
  const directory = Buffer.from(path)
  const result = await mount.call(MOUNT_PROGRAM, MOUNT_V3, procedures.MOUNTPROC3_MNT, directory)
  if (result.fhs_status === mountstat3.MNT3_OK) {
    // The server need not remember us: this was only a question.
    await mount.call(MOUNT_PROGRAM, MOUNT_V3, procedures.MOUNTPROC3_UMNT, directory)
    return result.mountinfo.fhandle
  }
  throw await explainRefusal(result.fhs_status, mount, path)
}

async function explainRefusal(status: number, mount: RpcConnection, path: string): Promise<ClientError> {
  const exports = await listExports(mount).catch((error: unknown) => {
    if (error instanceof RpcFailure) return undefined
    throw error
  })
  const exported = exports?.find((entry) => isBelow(path, entry.path))
  const isRefused = status === mountstat3.MNT3ERR_ACCES || status === mountstat3.MNT3ERR_PERM
  const isNotThere = status === mountstat3.MNT3ERR_NOENT || status === mountstat3.MNT3ERR_NOTDIR
  // Servers answer ACCES for what they do not export; the list of exports tells it apart.
  if (exports !== undefined && exported === undefined && (isRefused || isNotThere)) {
    const advice = `it exports ${exportsShown(exports)}`
    return new ClientError(ExitCode.exportRefused, `the server does not export ${path}`, advice)
  }
  if (isNotThere) {
    const what = status === mountstat3.MNT3ERR_NOTDIR ? 'is not a directory there' : 'does not exist there'
    const place = exported === undefined ? path : `${path} lies in the export ${exported.path}, but`
    return new ClientError(ExitCode.exportRefused, `${place} ${what}`)
  }
  if (isRefused) {
    const who = exported === undefined ? '' : ` (it is for ${exported.clients.join(', ') || 'nobody'})`
    const advice = mount.isPrivileged
      ? 'add this address to the clients of the export on the server'
      : 'this came from a port above 1023, which servers refuse by default: try as root, or let the server accept it (--insecure)'
    return new ClientError(ExitCode.exportRefused, `the server refuses ${path} to this client${who}`, advice)
  }
  const name = Object.entries(mountstat3).find(([, value]) => value === status)?.[0] ?? String(status)
  return new ClientError(ExitCode.failed, `the server cannot offer ${path}: ${name}`, "see the server's log")
}

function isBelow(path: string, exported: string): boolean {
  return path === exported || path.startsWith(exported.endsWith('/') ? exported : `${exported}/`)
}

export function exportsShown(exports: readonly Exported[]): string {
  if (exports.length === 0) return 'nothing'
  return exports.map(({ path, clients }) => `${path} (${clients.join(', ') || 'everybody'})`).join(', ')
}

/** FSINFO of a root handle. Throws ClientError. */
export async function fsinfoOf(nfs: RpcConnection, handle: Uint8Array): Promise<FSINFO3resok> {
  const result = await nfs.call(NFS_PROGRAM, NFS_V3, nfs3.NFSPROC3_FSINFO, { fsroot: { data: handle } })
  if (result.status === nfsstat3.NFS3_OK) return result.resok
  throw nfsError('FSINFO', result.status)
}

/** GETATTR of a root handle. Throws ClientError. */
export async function attributesOf(nfs: RpcConnection, handle: Uint8Array): Promise<fattr3> {
  const result = await nfs.call(NFS_PROGRAM, NFS_V3, nfs3.NFSPROC3_GETATTR, { object: { data: handle } })
  if (result.status === nfsstat3.NFS3_OK) return result.resok.obj_attributes
  throw nfsError('GETATTR', result.status)
}

function nfsError(procedure: string, status: number): ClientError {
  const name = Object.entries(nfsstat3).find(([, value]) => value === status)?.[0] ?? String(status)
  return new ClientError(
    ExitCode.failed,
    `MOUNT gave a handle, but ${procedure} on it fails: ${name}`,
    'is the port of NFS that of the same server as the port of MOUNT?',
  )
}

/** The server's bytes, without control characters that would reach a terminal. */
function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString()
    .replace(/\p{Cc}/gu, '?')
}
