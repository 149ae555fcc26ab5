/** From the VFS's errno numbers to mountstat3 (RFC 1813, section 5.1.5). */
import { errno } from '../../vfs/errno.ts'
import { mountstat3 } from '../../xdr/generated/mount.ts'

export type MountFailure = Exclude<mountstat3, typeof mountstat3.MNT3_OK>

const failures: ReadonlyMap<number, MountFailure> = new Map<number, MountFailure>([
  [errno.EPERM, mountstat3.MNT3ERR_PERM],
  [errno.ENOENT, mountstat3.MNT3ERR_NOENT],
  // The exported directory itself has been removed: as rpc.mountd says it, which looks the path up anew.
  [errno.ESTALE, mountstat3.MNT3ERR_NOENT],
  [errno.EIO, mountstat3.MNT3ERR_IO],
  [errno.EACCES, mountstat3.MNT3ERR_ACCES],
  // A symbolic link or ".." that leads out of the export.
  [errno.EXDEV, mountstat3.MNT3ERR_ACCES],
  [errno.ELOOP, mountstat3.MNT3ERR_ACCES],
  [errno.ENOTDIR, mountstat3.MNT3ERR_NOTDIR],
  [errno.EINVAL, mountstat3.MNT3ERR_INVAL],
  [errno.ENAMETOOLONG, mountstat3.MNT3ERR_NAMETOOLONG],
  [errno.ENOTSUPP, mountstat3.MNT3ERR_NOTSUPP],
  [errno.EOPNOTSUPP, mountstat3.MNT3ERR_NOTSUPP],
])

export function mountFailure(status: number): MountFailure {
  return failures.get(status) ?? mountstat3.MNT3ERR_SERVERFAULT
}
