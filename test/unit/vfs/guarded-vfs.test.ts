/** What GuardedVfs adds to a Vfs beyond what the behavioural suite sees of it. */
import t, { type Test } from 'tap'
import type { Caller } from '../../../nfs-server/caller.ts'
import { errno } from '../../../nfs-server/vfs/errno.ts'
import { GuardedVfs } from '../../../nfs-server/vfs/guarded-vfs.ts'
import { MemoryVfs } from '../../../nfs-server/vfs/memory-vfs.ts'
import { NativeExportGuard } from '../../../nfs-server/vfs/native-export-guard.ts'
import type { Vfs } from '../../../nfs-server/vfs/vfs.ts'
import { openCore, openExport } from '../../fixtures/native-core.ts'

const root: Caller = { address: '127.0.0.1', port: 700, flavor: 'sys', uid: 0, gid: 0, gids: [] }
const nothing = new Uint8Array(0)
const none = {
  mode: 0o777,
  uid: undefined,
  gid: undefined,
  size: undefined,
  atime: undefined,
  mtime: undefined,
}
const how = { mode: 'unchecked', attributes: none } as const
const plenty = { dircount: 1 << 20, maxcount: 1 << 20 }
const name = Buffer.from('file')

function guard(t: Test, inner: Vfs) {
  const exports = ['/one', '/two'].map((path) => openExport(path))
  const { core, close } = openCore(exports, 'trees of another Vfs')
  t.teardown(close)
  return { core, vfs: new GuardedVfs(inner, new NativeExportGuard(core)) }
}

async function rootOf(vfs: Vfs, path: string): Promise<Uint8Array> {
  const { handle } = await vfs.resolve(root, path, nothing)
  if (handle === undefined) throw new Error(`no root of ${path}`)
  return handle
}

t.test('names are not linked or moved from export to export', async (t) => {
  const { vfs } = guard(t, new MemoryVfs())
  const [one, two] = [await rootOf(vfs, '/one'), await rootOf(vfs, '/two')]
  const { handle } = await vfs.create(root, one, name, how)
  t.equal((await vfs.link(root, handle!, two, name)).status, errno.EXDEV)
  t.equal((await vfs.rename(root, one, name, two, name)).status, errno.EXDEV)
  t.equal((await vfs.link(root, handle!, one, Buffer.from('second'))).status, errno.OK)
})

t.test('a handle of an export that is gone is stale, and good again when it is back', async (t) => {
  const { core, vfs } = guard(t, new MemoryVfs())
  const one = await rootOf(vfs, '/one')
  const two = await rootOf(vfs, '/two')
  core.loadPolicy([openExport('/two')])
  t.equal((await vfs.getattr(root, one)).status, errno.ESTALE)
  t.equal((await vfs.rename(root, two, name, one, name)).status, errno.ESTALE)
  t.equal((await vfs.getattr(root, two)).status, errno.OK)
  core.loadPolicy([openExport('/one')])
  t.equal((await vfs.getattr(root, one)).status, errno.OK)
})

t.test('READDIRPLUS counts the handles as they reach the wire', async (t) => {
  const { vfs } = guard(t, new MemoryVfs())
  const directory = await rootOf(vfs, '/one')
  for (let index = 0; index < 20; index++) await vfs.create(root, directory, Buffer.from(`f${index}`), how)
  const cookieverf = new Uint8Array(8)
  const all = await vfs.readdirplus(root, directory, 0n, cookieverf, plenty)
  t.equal(all.entries.length, 22)
  const handleBytes = (all.entries[0]!.handle!.length + 3) & ~3
  const entryBytes = 24 + 4 + 88 + 8 + handleBytes
  for (const fitting of [1, 5, 21]) {
    const budget = { dircount: 1 << 20, maxcount: fitting * entryBytes }
    const some = await vfs.readdirplus(root, directory, 0n, cookieverf, budget)
    t.equal(some.entries.length, fitting)
    t.equal(some.eof, false)
    t.equal(some.entries.at(-1)!.cookie, all.entries[fitting - 1]!.cookie)
    const less = { ...budget, maxcount: budget.maxcount - 1 }
    const fewer = await vfs.readdirplus(root, directory, 0n, cookieverf, less)
    t.equal(fewer.entries.length, fitting - 1)
    t.equal(fewer.status, fitting === 1 ? errno.ETOOSMALL : errno.OK)
  }
})

t.test('the Vfs inside may answer later', async (t) => {
  const memory = new MemoryVfs()
  const later = new Proxy(memory, {
    get: (target, property) => {
      const value = Reflect.get(target, property, target) as unknown
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => Promise.resolve(Reflect.apply(value, target, args))
    },
  }) as unknown as Vfs
  const { core, vfs } = guard(t, later)
  const directory = await rootOf(vfs, '/one')
  const { handle, wcc } = await vfs.create(root, directory, name, how)
  t.ok(wcc.after !== undefined)
  t.same((await vfs.lookup(root, directory, name)).handle, handle)
  core.loadPolicy([{ ...openExport('/one'), readOnly: true }])
  const refused = await vfs.remove(root, directory, name)
  t.equal(refused.status, errno.EROFS)
  t.ok(refused.wcc.after !== undefined)
})

t.test('the Vfs inside sees squashed ids, and no handle but its own', async (t) => {
  const seen: { caller: Caller; handle: Uint8Array }[] = []
  class Witness extends MemoryVfs {
    override getattr(caller: Caller, handle: Uint8Array) {
      seen.push({ caller, handle })
      return super.getattr(caller, handle)
    }
  }
  const inner = new Witness()
  const { core, vfs } = guard(t, inner)
  core.loadPolicy([openExport('/one', { squash: 'root_squash', anonuid: 77, anongid: 78 })])
  const directory = await rootOf(vfs, '/one')
  await vfs.getattr({ ...root, gids: [5] }, directory)
  t.match(seen[0]?.caller, { uid: 77, gid: 78, address: '127.0.0.1' })
  t.same(Buffer.from(seen[0]!.handle), Buffer.from(inner.resolve(root, '/one', nothing).handle!))
  t.notSame(seen[0]!.handle, directory)
  await vfs.getattr(root, Buffer.alloc(directory.length, 1))
  t.equal(seen.length, 1, 'a forged handle does not get that far')
})
