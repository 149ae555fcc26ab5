import t from 'tap'
import { failureStatus } from '../../../../nfs-server/programs/nfs3/status.ts'
import { errno } from '../../../../nfs-server/vfs/errno.ts'
import { nfsstat3 } from '../../../../nfs-server/xdr/generated/nfs3.ts'

/** Every errno of the vocabulary by what a client is told, written down a second time. */
const expected: Readonly<Partial<Record<keyof typeof nfsstat3, readonly (keyof typeof errno)[]>>> = {
  NFS3ERR_PERM: ['EPERM', 'ENOKEY'],
  NFS3ERR_NOENT: ['ENOENT'],
  NFS3ERR_IO: [
    ...(['EIO', 'ENOTCONN', 'ECONNABORTED', 'ESHUTDOWN', 'EREMOTEIO', 'EUCLEAN', 'EBADMSG'] as const),
    'ENOMEDIUM',
  ],
  NFS3ERR_NXIO: ['ENXIO'],
  NFS3ERR_ACCES: ['EACCES', 'EBUSY', 'ETXTBSY'],
  NFS3ERR_EXIST: ['EEXIST'],
  NFS3ERR_XDEV: ['EXDEV'],
  NFS3ERR_NODEV: ['ENODEV'],
  NFS3ERR_NOTDIR: ['ENOTDIR'],
  NFS3ERR_ISDIR: ['EISDIR'],
  NFS3ERR_INVAL: ['EINVAL', 'ELOOP', 'EILSEQ'],
  NFS3ERR_FBIG: ['EFBIG', 'EOVERFLOW'],
  NFS3ERR_NOSPC: ['ENOSPC'],
  NFS3ERR_ROFS: ['EROFS'],
  NFS3ERR_MLINK: ['EMLINK'],
  NFS3ERR_NAMETOOLONG: ['ENAMETOOLONG'],
  NFS3ERR_NOTEMPTY: ['ENOTEMPTY'],
  NFS3ERR_DQUOT: ['EDQUOT'],
  NFS3ERR_STALE: ['ESTALE'],
  NFS3ERR_BADHANDLE: ['EBADHANDLE'],
  NFS3ERR_NOT_SYNC: ['ENOTSYNC'],
  NFS3ERR_BAD_COOKIE: ['EBADCOOKIE'],
  NFS3ERR_NOTSUPP: ['ENOTSUPP', 'EOPNOTSUPP', 'ENOSYS'],
  NFS3ERR_TOOSMALL: ['ETOOSMALL'],
  NFS3ERR_SERVERFAULT: ['ESERVERFAULT', 'EBADF'],
  NFS3ERR_BADTYPE: ['EBADTYPE'],
  NFS3ERR_JUKEBOX: [
    ...(['EJUKEBOX', 'EAGAIN', 'EINTR', 'ENOMEM', 'ENFILE', 'EMFILE', 'ENOBUFS', 'ETIMEDOUT'] as const),
  ],
}

t.test('every errno of the vocabulary has the status it should have', async (t) => {
  const seen = new Set<string>(['OK', 'ENOLCK'])
  for (const [status, names] of Object.entries(expected)) {
    for (const name of names) {
      t.equal(failureStatus(errno[name]), nfsstat3[status as keyof typeof nfsstat3], `${name} is ${status}`)
      t.notOk(seen.has(name), `${name} once`)
      seen.add(name)
    }
  }
  t.same(
    Object.keys(errno).filter((name) => !seen.has(name)),
    [],
    'none is left out',
  )
})

t.test('no status of version 3 is left unused', async (t) => {
  // REMOTE is for servers that share a name space with others; a handle that is no handle at all is BADHANDLE.
  const unused = Object.keys(nfsstat3).filter((name) => !(name in expected))
  t.same(unused, ['NFS3_OK', 'NFS3ERR_REMOTE'])
})

t.test('STALE is for ESTALE alone: clients throw dirty data away on it', async (t) => {
  for (let number = 1; number <= 600; number++) {
    const isStale = failureStatus(number) === nfsstat3.NFS3ERR_STALE
    t.equal(isStale, number === errno.ESTALE, `${number}`)
  }
})

t.test('an errno that nobody thought of is an I/O error; success is none', async (t) => {
  t.equal(failureStatus(71), nfsstat3.NFS3ERR_IO)
  t.throws(() => failureStatus(errno.OK))
})
