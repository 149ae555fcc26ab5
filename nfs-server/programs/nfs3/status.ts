/** The one table from the VFS's errno numbers to nfsstat3 (RFC 1813, section 2.6). */
import { errno } from '../../vfs/errno.ts'
import { nfsstat3 } from '../../xdr/generated/nfs3.ts'

export type Failure = Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>

const failures: readonly (readonly [number, Failure])[] = [
  [errno.EPERM, nfsstat3.NFS3ERR_PERM],
  [errno.ENOENT, nfsstat3.NFS3ERR_NOENT],
  [errno.EIO, nfsstat3.NFS3ERR_IO],
  [errno.ENXIO, nfsstat3.NFS3ERR_NXIO],
  [errno.EACCES, nfsstat3.NFS3ERR_ACCES],
  [errno.EEXIST, nfsstat3.NFS3ERR_EXIST],
  [errno.EXDEV, nfsstat3.NFS3ERR_XDEV],
  [errno.ENODEV, nfsstat3.NFS3ERR_NODEV],
  [errno.ENOTDIR, nfsstat3.NFS3ERR_NOTDIR],
  [errno.EISDIR, nfsstat3.NFS3ERR_ISDIR],
  [errno.EINVAL, nfsstat3.NFS3ERR_INVAL],
  [errno.EFBIG, nfsstat3.NFS3ERR_FBIG],
  [errno.ENOSPC, nfsstat3.NFS3ERR_NOSPC],
  [errno.EROFS, nfsstat3.NFS3ERR_ROFS],
  [errno.EMLINK, nfsstat3.NFS3ERR_MLINK],
  [errno.ENAMETOOLONG, nfsstat3.NFS3ERR_NAMETOOLONG],
  [errno.ENOTEMPTY, nfsstat3.NFS3ERR_NOTEMPTY],
  [errno.EDQUOT, nfsstat3.NFS3ERR_DQUOT],
  [errno.ESTALE, nfsstat3.NFS3ERR_STALE],
  [errno.EBADHANDLE, nfsstat3.NFS3ERR_BADHANDLE],
  [errno.ENOTSYNC, nfsstat3.NFS3ERR_NOT_SYNC],
  [errno.EBADCOOKIE, nfsstat3.NFS3ERR_BAD_COOKIE],
  [errno.ENOTSUPP, nfsstat3.NFS3ERR_NOTSUPP],
  [errno.ETOOSMALL, nfsstat3.NFS3ERR_TOOSMALL],
  [errno.ESERVERFAULT, nfsstat3.NFS3ERR_SERVERFAULT],
  [errno.EBADTYPE, nfsstat3.NFS3ERR_BADTYPE],
  [errno.EJUKEBOX, nfsstat3.NFS3ERR_JUKEBOX],

  // What version 3 has no status of its own for.
  [errno.EOPNOTSUPP, nfsstat3.NFS3ERR_NOTSUPP],
  [errno.ENOSYS, nfsstat3.NFS3ERR_NOTSUPP],
  [errno.EOVERFLOW, nfsstat3.NFS3ERR_FBIG],
  // A symbolic link where another object is needed: READ, WRITE and COMMIT call that an invalid argument.
  [errno.ELOOP, nfsstat3.NFS3ERR_INVAL],
  // A name whose bytes the file system has no characters for.
  [errno.EILSEQ, nfsstat3.NFS3ERR_INVAL],
  // An encrypted directory whose key is not there.
  [errno.ENOKEY, nfsstat3.NFS3ERR_PERM],
  // A mount point of the server's, or a running program's text.
  [errno.EBUSY, nfsstat3.NFS3ERR_ACCES],
  [errno.ETXTBSY, nfsstat3.NFS3ERR_ACCES],
  // The server's passing troubles are nobody's lost data: the client tries again (never STALE, which makes it
  // throw dirty pages away).
  [errno.EAGAIN, nfsstat3.NFS3ERR_JUKEBOX],
  [errno.EINTR, nfsstat3.NFS3ERR_JUKEBOX],
  [errno.ENOMEM, nfsstat3.NFS3ERR_JUKEBOX],
  [errno.ENFILE, nfsstat3.NFS3ERR_JUKEBOX],
  [errno.EMFILE, nfsstat3.NFS3ERR_JUKEBOX],
  [errno.ENOBUFS, nfsstat3.NFS3ERR_JUKEBOX],
  [errno.ETIMEDOUT, nfsstat3.NFS3ERR_JUKEBOX],
  // The daemon of a FUSE file system has died or was told to end, the device is gone or damaged: nothing that waiting
  // would mend, and local programs hear of it at once.
  [errno.ENOTCONN, nfsstat3.NFS3ERR_IO],
  [errno.ECONNABORTED, nfsstat3.NFS3ERR_IO],
  [errno.ESHUTDOWN, nfsstat3.NFS3ERR_IO],
  [errno.EREMOTEIO, nfsstat3.NFS3ERR_IO],
  [errno.EUCLEAN, nfsstat3.NFS3ERR_IO],
  [errno.EBADMSG, nfsstat3.NFS3ERR_IO],
  [errno.ENOMEDIUM, nfsstat3.NFS3ERR_IO],
  // Our own mistake about a descriptor.
  [errno.EBADF, nfsstat3.NFS3ERR_SERVERFAULT],
]

const table = new Map<number, Failure>(failures)

/** The status that reports a failed call; an errno that the table lacks is an I/O error. */
export function failureStatus(error: number): Failure {
  if (error === errno.OK) throw new Error('success has no failure status')
  return table.get(error) ?? nfsstat3.NFS3ERR_IO
}
