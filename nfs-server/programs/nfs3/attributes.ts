/** sattr3 and friends to the VFS's vocabulary. Attributes need no conversion: they are fattr3 already. */
import type { Attributes, FileHandle, SetAttributes, Time, Wcc } from '../../vfs/vfs.ts'
import {
  type nfs_fh3,
  nfsstat3,
  type nfstime3,
  type sattr3,
  type set_atime,
  type set_mtime,
  time_how,
} from '../../xdr/generated/nfs3.ts'
import type { Failure } from './status.ts'

const permissionBits = 0o7777
/** chown(2) takes this for "leave as it is": nobody can own a file by it. */
const noIdentity = 0xffffffff
const nsecondsPerSecond = 1_000_000_000

/** Times are checked because the system call gives special meanings to nanoseconds past a second. */
export function isTime(time: nfstime3): boolean {
  return time.nseconds < nsecondsPerSecond
}

/** The changes that `wire` asks for, or INVAL if a value in it is none that an object could have. */
export function toSetAttributes(wire: sattr3): SetAttributes | Failure {
  if (wire.uid === noIdentity || wire.gid === noIdentity) return nfsstat3.NFS3ERR_INVAL
  const atime = toAtime(wire.atime)
  const mtime = toMtime(wire.mtime)
  if (typeof atime === 'object' && !isTime(atime)) return nfsstat3.NFS3ERR_INVAL
  if (typeof mtime === 'object' && !isTime(mtime)) return nfsstat3.NFS3ERR_INVAL
  return {
    mode: wire.mode === undefined ? undefined : wire.mode & permissionBits,
    uid: wire.uid,
    gid: wire.gid,
    size: wire.size,
    atime,
    mtime,
  }
}

function toAtime(how: set_atime): Time | 'now' | undefined {
  if (how.set_it === time_how.SET_TO_CLIENT_TIME) return how.atime
  return how.set_it === time_how.SET_TO_SERVER_TIME ? 'now' : undefined
}

function toMtime(how: set_mtime): Time | 'now' | undefined {
  if (how.set_it === time_how.SET_TO_CLIENT_TIME) return how.mtime
  return how.set_it === time_how.SET_TO_SERVER_TIME ? 'now' : undefined
}

/** post_op_fh3. */
export function toPostOpHandle(handle: FileHandle | undefined): nfs_fh3 | undefined {
  return handle === undefined ? undefined : { data: handle }
}

/** wcc_data of a refused call: nothing was done, but `before` has not been looked at. */
export function afterOnly(attributes: Attributes | undefined): Wcc {
  return { before: undefined, after: attributes }
}
