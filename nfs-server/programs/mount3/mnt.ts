import type { RpcCall } from '../../rpc/program.ts'
import { mapAnswer } from '../../vfs/answer.ts'
import { type Answer, type FileHandle, FileType, type LookupResult } from '../../vfs/vfs.ts'
import { FHSIZE, type fhstatus, type mountres3, mountstat3 } from '../../xdr/generated/mount.ts'
import { auth_flavor } from '../../xdr/generated/rpc.ts'
import type { MountContext } from './mount-context.ts'
import { type ExportMatch, findExport, joinPath, splitPath } from './path.ts'
import { type MountFailure, mountFailure } from './status.ts'

/** MOUNTPROC3_MNT (RFC 1813, section 5.2.1): the handle of an exported directory or of one below it. */
export function mnt3(context: MountContext, path: Uint8Array, call: RpcCall): Answer<mountres3> {
  return mount(context, path, call, (outcome) => {
    if (typeof outcome === 'number') return { fhs_status: outcome }
    const { handle, match } = outcome
    remember(context, path, call)
    return {
      fhs_status: mountstat3.MNT3_OK,
      mountinfo: { fhandle: handle, auth_flavors: authFlavors(match) },
    }
  })
}

/**
 * MOUNTPROC_MNT of version 1 (RFC 1094, appendix A), whose handles have 32 bytes: an object whose handle needs more is
 * refused, with the error number of a permission denied, as nothing in this version says "ask version 3".
 */
export function mnt1(context: MountContext, path: Uint8Array, call: RpcCall): Answer<fhstatus> {
  return mount(context, path, call, (outcome) => {
    if (typeof outcome === 'number') return { status: outcome }
    if (outcome.handle.byteLength !== FHSIZE) return { status: mountstat3.MNT3ERR_ACCES }
    remember(context, path, call)
    return { status: 0, directory: outcome.handle }
  })
}

interface Mounted {
  readonly handle: FileHandle
  readonly match: ExportMatch
}

function mount<R>(
  context: MountContext,
  path: Uint8Array,
  call: RpcCall,
  answer: (outcome: Mounted | MountFailure) => R,
): Answer<R> {
  if (path.includes(0)) return answer(mountstat3.MNT3ERR_INVAL)
  const components = splitPath(path)
  const match = components && findExport(context.exports(), components)
  // As rpc.mountd: strangers learn nothing about what exists, and mount(8) says "access denied by server".
  if (match === undefined) return answer(mountstat3.MNT3ERR_ACCES)
  if (match.below.some((name) => name.length > 255)) return answer(mountstat3.MNT3ERR_NAMETOOLONG)
  const found = context.vfs.resolve(call.caller, match.export.path, joinPath(match.below))
  return mapAnswer(found, (result) => answer(judge(result, match)))
}

function judge(result: LookupResult, match: ExportMatch): Mounted | MountFailure {
  if (result.status !== 0) return mountFailure(result.status)
  if (result.handle === undefined) return mountstat3.MNT3ERR_SERVERFAULT
  if (result.attributes !== undefined && result.attributes.type !== FileType.DIR) {
    return mountstat3.MNT3ERR_NOTDIR
  }
  return { handle: result.handle, match }
}

function remember(context: MountContext, path: Uint8Array, call: RpcCall): void {
  context.mountList.add(call.caller.address, canonical(path))
}

/** The path as it stands in the mount list, the same for every way to write it. */
export function canonical(path: Uint8Array): Uint8Array {
  const components = splitPath(path)
  return components === undefined ? path : Buffer.concat([Buffer.from('/'), joinPath(components)])
}

/** Best first. Without a credential everybody is the anonymous user, which helps only where everybody is anyway. */
function authFlavors(match: ExportMatch): number[] {
  return match.export.squash === 'all_squash'
    ? [auth_flavor.AUTH_SYS, auth_flavor.AUTH_NONE]
    : [auth_flavor.AUTH_SYS]
}
