/** Corners of the procedures that no file system of ours gets into over TCP. */
import t from 'tap'
import type { Caller } from '../../../../nfs-server/caller.ts'
import { getattr } from '../../../../nfs-server/programs/nfs3/getattr.ts'
import { directoryReplyBytesMax } from '../../../../nfs-server/programs/nfs3/limits.ts'
import { createNfsProgram } from '../../../../nfs-server/programs/nfs3/program.ts'
import { read } from '../../../../nfs-server/programs/nfs3/read.ts'
import { takeReadBuffer } from '../../../../nfs-server/programs/nfs3/read-buffer.ts'
import { readdirplus } from '../../../../nfs-server/programs/nfs3/readdirplus.ts'
import { rename } from '../../../../nfs-server/programs/nfs3/rename.ts'
import { write } from '../../../../nfs-server/programs/nfs3/write.ts'
import { errno } from '../../../../nfs-server/vfs/errno.ts'
import { MemoryVfs } from '../../../../nfs-server/vfs/memory-vfs.ts'
import type { DirectoryBudget, Vfs } from '../../../../nfs-server/vfs/vfs.ts'
import { nfsstat3 } from '../../../../nfs-server/xdr/generated/nfs3.ts'

const caller: Caller = { address: '127.0.0.1', port: 1000, flavor: 'sys', uid: 0, gid: 0, gids: [] }
const call = { caller }
const wtmax = 1 << 20

/** A memory file system with some methods replaced. */
function vfsWith(methods: Partial<Vfs>): Vfs {
  return Object.assign(new MemoryVfs(), methods)
}

function rootOf(vfs: Vfs): Uint8Array {
  return (vfs as MemoryVfs).resolve(caller, '/export', new Uint8Array(0)).handle!
}

function newFile(vfs: Vfs): Uint8Array {
  const none = { uid: undefined, gid: undefined, size: undefined, atime: undefined, mtime: undefined }
  const how = { mode: 'unchecked', attributes: { ...none, mode: 0o644 } } as const
  return (vfs as MemoryVfs).create(caller, rootOf(vfs), Buffer.from('file'), how).handle!
}

t.test('a procedure answers at once when the Vfs does, later when it does', async (t) => {
  const vfs = new MemoryVfs()
  const object = { data: rootOf(vfs) }
  const now = getattr(vfs)({ object }, call)
  t.notOk(now instanceof Promise)
  const slow = vfsWith({ getattr: (who, handle) => Promise.resolve(vfs.getattr(who, handle)) })
  const later = getattr(slow)({ object }, call)
  t.ok(later instanceof Promise)
  t.same(await later, now)
})

t.test('a refusal waits for a slow Vfs as well', async (t) => {
  const vfs = new MemoryVfs()
  const slow = vfsWith({ getattr: (who, handle) => Promise.resolve(vfs.getattr(who, handle)) })
  const dir = { data: rootOf(vfs) }
  const bad = { dir, name: Buffer.from('a/b') }
  const result = await rename(slow)({ from: bad, to: bad }, call)
  t.equal(result.status, nfsstat3.NFS3ERR_ACCES)
  t.match(result, { resfail: { fromdir_wcc: { after: { type: 2 } }, todir_wcc: { after: { type: 2 } } } })
})

t.test('a RENAME refused for its names reports what is wrong with the directories first', async (t) => {
  const vfs = new MemoryVfs()
  const good = { dir: { data: rootOf(vfs) }, name: Buffer.from('a') }
  const bad = { dir: { data: Buffer.from('garbage') }, name: Buffer.from('.') }
  t.equal((await rename(vfs)({ from: good, to: bad }, call)).status, nfsstat3.NFS3ERR_BADHANDLE)
  t.equal((await rename(vfs)({ from: bad, to: good }, call)).status, nfsstat3.NFS3ERR_BADHANDLE)
})

t.test('WRITE hands the Vfs no more than wtmax, and says how much was written', async (t) => {
  const vfs = new MemoryVfs()
  const file = { data: newFile(vfs) }
  const data = Buffer.alloc(wtmax + 5, 7)
  const result = await write(vfs)({ file, offset: 0n, count: data.length, stable: 0, data }, call)
  t.match(result, { status: 0, resok: { count: wtmax, file_wcc: { after: { size: BigInt(wtmax) } } } })
})

t.test('READ sends the bytes that the Vfs read, and none of the buffer behind them', async (t) => {
  const vfs = vfsWith({
    read: (_caller, _file, _offset, buffer) => {
      buffer.set(Buffer.from('abc'))
      return { status: errno.OK, attributes: undefined, count: 3, eof: true }
    },
  })
  const result = await read(vfs)({ file: { data: rootOf(vfs) }, offset: 0n, count: 100_000 }, call)
  t.equal(result.status, nfsstat3.NFS3_OK)
  if (result.status === nfsstat3.NFS3_OK) t.same(Buffer.from(result.resok.data), Buffer.from('abc'))
})

t.test('a Vfs that claims to have read more than there is room for is a bug, not a leak', async (t) => {
  const vfs = vfsWith({ read: () => ({ status: errno.OK, attributes: undefined, count: 11, eof: true }) })
  const args = { file: { data: rootOf(vfs) }, offset: 0n, count: 10 }
  t.throws(() => read(vfs)(args, call), /more than the buffer holds/)
})

t.test('buffers of small READs share memory and do not overlap', async (t) => {
  const buffers = Array.from({ length: 100 }, () => takeReadBuffer(5000))
  buffers.forEach((buffer, index) => {
    buffer.fill(index)
  })
  t.ok(buffers.every((buffer, index) => buffer.length === 5000 && buffer.every((byte) => byte === index)))
  t.ok(new Set(buffers.map((buffer) => buffer.buffer)).size < 10)
  const [one, two] = [takeReadBuffer(100_000), takeReadBuffer(100_000)]
  t.equal(one.length, 100_000)
  t.not(one.buffer, two.buffer, 'large ones have memory of their own')
  t.equal(takeReadBuffer(0).length, 0)
})

t.test('READDIRPLUS tells the Vfs what is left for entries', async (t) => {
  const budgets: DirectoryBudget[] = []
  const vfs = vfsWith({
    readdirplus: (_caller, _directory, _cookie, _verifier, budget) => {
      budgets.push(budget)
      const cookieverf = new Uint8Array(8)
      return { status: errno.OK, directoryAttributes: undefined, cookieverf, entries: [], eof: true }
    },
  })
  const dir = { data: rootOf(vfs) }
  const cookieverf = new Uint8Array(8)
  const list = (dircount: number, maxcount: number) =>
    readdirplus(vfs)({ dir, cookie: 0n, cookieverf, dircount, maxcount }, call)
  await list(500, 1000)
  await list(0xffffffff, 0xffffffff)
  await list(0, 50)
  t.same(budgets, [
    { dircount: 500, maxcount: 896 },
    { dircount: 0xffffffff, maxcount: directoryReplyBytesMax - 104 },
    { dircount: 0, maxcount: 0 },
  ])
})

t.test('the table has all 22 procedures by number and knows which must not run twice', async (t) => {
  const rows = createNfsProgram(new MemoryVfs()).versions.get(3)!
  t.equal(rows.length, 22)
  t.ok(rows.every((row, index) => row?.procedure.number === index))
  const once = rows.filter((row) => !row!.idempotent).map((row) => row!.procedure.name.slice(9))
  const changing = ['SETATTR', 'CREATE', 'MKDIR', 'SYMLINK', 'MKNOD', 'REMOVE', 'RMDIR', 'RENAME', 'LINK']
  t.same(once, changing)
  const atATime = rows.filter((row) => row!.onceAtATime).map((row) => row!.procedure.name.slice(9))
  t.same(atATime, ['WRITE'])
})

t.test('the table bounds large replies by what the client asks for and the server gives', async (t) => {
  const rows = createNfsProgram(new MemoryVfs()).versions.get(3)!
  const bound = (procedure: number, args: object) => rows[procedure]!.replyBytesMax!(args)
  t.equal(bound(6, { count: 4096 }), 64 << 10, 'a piece may be all that is left of a buffer')
  t.ok(bound(6, { count: 100_000 }) > 100_000 && bound(6, { count: 100_000 }) < 104_096)
  t.ok(bound(6, { count: 0xffffffff }) < 2 * wtmax)
  t.ok(bound(16, { count: 0xffffffff }) < 2 * wtmax)
  t.ok(bound(17, { maxcount: 0xffffffff }) < 2 * wtmax)
  t.ok(bound(5, {}) >= 4096)
})
