import t from 'tap'
import type { Caller } from '../../../nfs-server/caller.ts'
import { errno } from '../../../nfs-server/vfs/errno.ts'
import { MemoryVfs } from '../../../nfs-server/vfs/memory-vfs.ts'
import { Stable } from '../../../nfs-server/vfs/vfs.ts'

const address = { address: '127.0.0.1', port: 1000, flavor: 'sys' as const }
const root: Caller = { ...address, uid: 0, gid: 0, gids: [] }
const nobody: Caller = { ...address, flavor: 'none', uid: -1, gid: -1, gids: [] }
const unset = { mode: undefined, uid: undefined, gid: undefined, size: undefined }
const initial = { ...unset, mode: 0o644, atime: undefined, mtime: undefined }
const nothing = new Uint8Array(0)

function rootOf(vfs: MemoryVfs, exportPath = '/export'): Uint8Array {
  return vfs.resolve(root, exportPath, nothing).handle!
}

function newFile(vfs: MemoryVfs, name: string) {
  const how = { mode: 'unchecked', attributes: initial } as const
  return vfs.create(root, rootOf(vfs), Buffer.from(name), how)
}

t.test('a full file system is ENOSPC, and goes on when there is room again', async (t) => {
  const vfs = new MemoryVfs({ capacityBytes: 16384 })
  const one = newFile(vfs, 'one').handle!
  const two = newFile(vfs, 'two').handle!
  t.equal(vfs.write(root, one, 0n, Buffer.alloc(12288, 1), Stable.UNSTABLE).status, errno.OK)
  const refused = vfs.write(root, two, 0n, Buffer.alloc(8192, 2), Stable.UNSTABLE)
  t.equal(refused.status, errno.ENOSPC)
  t.equal(refused.count, 0)
  t.equal(refused.wcc.after?.size, 0n)
  t.equal(vfs.fsstat(root, two).fbytes, 4096n)
  t.equal(vfs.write(root, two, 0n, Buffer.alloc(4096, 2), Stable.UNSTABLE).status, errno.OK)
  t.equal(vfs.write(root, one, 100n, Buffer.alloc(100, 3), Stable.UNSTABLE).status, errno.OK, 'overwriting')
  t.equal(vfs.remove(root, rootOf(vfs), Buffer.from('one')).status, errno.OK)
  t.equal(vfs.fsstat(root, two).fbytes, 12288n)
  t.equal(vfs.write(root, two, 4096n, Buffer.alloc(12288, 2), Stable.UNSTABLE).status, errno.OK)
})

t.test('too many objects are ENOSPC', async (t) => {
  const vfs = new MemoryVfs({ inodesMax: 3 })
  t.equal(newFile(vfs, 'one').status, errno.OK)
  t.equal(newFile(vfs, 'two').status, errno.OK)
  const refused = newFile(vfs, 'three')
  t.equal(refused.status, errno.ENOSPC)
  t.ok(refused.wcc.after !== undefined)
  t.equal(vfs.fsstat(root, rootOf(vfs)).ffiles, 0n)
  t.equal(vfs.remove(root, rootOf(vfs), Buffer.from('one')).status, errno.OK)
  t.equal(newFile(vfs, 'three').status, errno.OK)
})

t.test('a directory has at most as many subdirectories as PATHCONF says links', async (t) => {
  const vfs = new MemoryVfs()
  const { linkmax } = vfs.pathconf(root, rootOf(vfs))
  let status: number = errno.OK
  let count = 0
  while (status === errno.OK) {
    status = vfs.mkdir(root, rootOf(vfs), Buffer.from(`d${count}`), initial).status
    if (status === errno.OK) count++
  }
  t.equal(status, errno.EMLINK)
  t.equal(count, linkmax - 2)
  t.equal(newFile(vfs, 'file').status, errno.OK, 'files are no links to it')
})

t.test('exports are trees of their own', async (t) => {
  const vfs = new MemoryVfs()
  const how = { mode: 'unchecked', attributes: initial } as const
  const file = vfs.create(root, rootOf(vfs, '/one'), Buffer.from('file'), how).handle!
  t.equal(vfs.lookup(root, rootOf(vfs, '/two'), Buffer.from('file')).status, errno.ENOENT)
  t.equal(vfs.link(root, file, rootOf(vfs, '/two'), Buffer.from('link')).status, errno.EXDEV)
  const moved = vfs.rename(
    root,
    rootOf(vfs, '/one'),
    Buffer.from('file'),
    rootOf(vfs, '/two'),
    Buffer.from('x'),
  )
  t.equal(moved.status, errno.EXDEV)
  t.not(
    vfs.getattr(root, rootOf(vfs, '/one')).attributes?.fsid,
    vfs.getattr(root, rootOf(vfs, '/two')).attributes?.fsid,
  )
})

t.test('resolve finds directories below the root, by bytes, and nothing above', async (t) => {
  const vfs = new MemoryVfs()
  const one = vfs.mkdir(root, rootOf(vfs), Buffer.from('one'), { ...initial, mode: 0o700 })
  const two = vfs.mkdir(root, one.handle!, Buffer.from([0xff]), initial)
  t.same(vfs.resolve(nobody, '/export', Buffer.from('one')).handle, one.handle)
  t.same(vfs.resolve(nobody, '/export', Buffer.from('one/\xff', 'latin1')).handle, two.handle)
  t.same(vfs.resolve(nobody, '/export', Buffer.from('//one//\xff/', 'latin1')).handle, two.handle)
  t.same(vfs.resolve(nobody, '/export', Buffer.from('../../..')).handle, rootOf(vfs))
  t.equal(vfs.resolve(nobody, '/export', Buffer.from('missing')).status, errno.ENOENT)
  newFile(vfs, 'file')
  t.equal(vfs.resolve(nobody, '/export', Buffer.from('file/x')).status, errno.ENOTDIR)
})

t.test('who has no ids is nobody: neither owner nor group of anything', async (t) => {
  const vfs = new MemoryVfs()
  const { handle } = newFile(vfs, 'file')
  t.equal(vfs.access(nobody, handle!, 63).access, 1, 'others may read')
  t.equal(vfs.setattr(nobody, handle!, { ...initial, mode: 0o777 }, undefined).status, errno.EPERM)
  const open = vfs.mkdir(root, rootOf(vfs), Buffer.from('open'), { ...initial, mode: 0o777 })
  const made = vfs.mkdir(nobody, open.handle!, Buffer.from('nobodys'), { ...initial, mode: 0o700 })
  t.match(made.attributes, { uid: 0xffffffff, gid: 0xffffffff })
  t.equal(vfs.setattr(nobody, made.handle!, { ...initial, mode: 0o777 }, undefined).status, errno.EPERM)
})

t.test('a handle of another instance is stale, not somebody else’s file', async (t) => {
  const before = new MemoryVfs()
  const { handle } = newFile(before, 'file')
  const after = new MemoryVfs()
  newFile(after, 'other')
  t.equal(after.getattr(root, handle!).status, errno.ESTALE)
  t.equal(after.getattr(root, handle!.subarray(1)).status, errno.EBADHANDLE)
})

t.test('every change has a ctime of its own', async (t) => {
  const vfs = new MemoryVfs()
  const { handle } = newFile(vfs, 'file')
  const seen = new Set<string>()
  for (let round = 0; round < 1000; round++) {
    const { wcc } = vfs.setattr(root, handle!, { ...initial, mode: round & 0o777 }, undefined)
    seen.add(`${wcc.after!.ctime.seconds}.${wcc.after!.ctime.nseconds}`)
  }
  t.equal(seen.size, 1000)
})
