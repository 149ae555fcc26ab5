import t from 'tap'
import { failureStatus } from '../../../../nfs-server/programs/nfs3/status.ts'
import { errno } from '../../../../nfs-server/vfs/errno.ts'
import { nfsstat3 } from '../../../../nfs-server/xdr/generated/nfs3.ts'

t.test('every errno of the vocabulary has a status of version 3', async (t) => {
  const statuses = new Set<number>(Object.values(nfsstat3))
  for (const [name, number] of Object.entries(errno)) {
    if (number === errno.OK) continue
    const status = failureStatus(number)
    t.ok(statuses.has(status), name)
    t.not(status, nfsstat3.NFS3_OK)
  }
})

t.test('STALE is for ESTALE alone: clients throw dirty data away on it', async (t) => {
  const stale = Object.values(errno).filter(
    (number) => number !== errno.OK && failureStatus(number) === nfsstat3.NFS3ERR_STALE,
  )
  t.same(stale, [errno.ESTALE])
})

t.test('what has a number of its own in both keeps its meaning', async (t) => {
  t.equal(failureStatus(errno.ENOTEMPTY), nfsstat3.NFS3ERR_NOTEMPTY)
  t.equal(failureStatus(errno.EDQUOT), nfsstat3.NFS3ERR_DQUOT)
  t.equal(failureStatus(errno.EBADHANDLE), nfsstat3.NFS3ERR_BADHANDLE)
  t.equal(failureStatus(errno.EJUKEBOX), nfsstat3.NFS3ERR_JUKEBOX)
  t.equal(failureStatus(errno.EMFILE), nfsstat3.NFS3ERR_JUKEBOX, 'our shortage of descriptors passes')
})

t.test('an errno that nobody thought of is an I/O error; success is none', async (t) => {
  t.equal(failureStatus(71), nfsstat3.NFS3ERR_IO)
  t.throws(() => failureStatus(errno.OK))
})
