import { errno } from '../../../nfs-server/vfs/errno.ts'
import type { ByteRange, LockResult, Vfs } from '../../../nfs-server/vfs/vfs.ts'
import { onEveryBackEnd, rootCaller } from '../../fixtures/back-ends.ts'
import { made } from '../../fixtures/nfs-client.ts'

const whole: ByteRange = { offset: 0n, length: 0n }
const range = (offset: bigint, length: bigint): ByteRange => ({ offset, length })
const alice = { ...rootCaller, uid: 1001, gid: 1001 }

/** The lock operations on one file, by owner. */
function locksOf(vfs: Vfs, file: Uint8Array, caller = rootCaller) {
  const owner = (name: string) => Buffer.from(name)
  return {
    lock: async (name: string, where: ByteRange, exclusive = true): Promise<LockResult> =>
      await vfs.lock!(caller, file, owner(name), where, exclusive),
    test: async (name: string, where: ByteRange, exclusive = true): Promise<LockResult> =>
      await vfs.testLock!(caller, file, owner(name), where, exclusive),
    unlock: async (name: string, where: ByteRange): Promise<LockResult> =>
      await vfs.unlock!(caller, file, owner(name), where),
  }
}

onEveryBackEnd('locks', (behaviour) => {
  behaviour('two owners conflict, one does not with itself', async (t, { prepared, root, dir }) => {
    const { lock, test, unlock } = locksOf(prepared.vfs, made(await root.create(dir, 'file')))
    t.match(await lock('a', range(10n, 10n)), { status: errno.OK, held: 1 })
    t.match(await lock('a', range(15n, 10n)), { status: errno.OK, held: 1 })
    const conflict = await lock('b', range(24n, 1n))
    t.match(conflict, {
      status: errno.EAGAIN,
      holder: { offset: 10n, length: 15n, exclusive: true },
    })
    t.equal(Buffer.from(conflict.holder!.owner!).toString(), 'a')
    t.match(await test('b', whole, false), { status: errno.EAGAIN, holder: { offset: 10n } })
    t.equal((await test('a', whole)).status, errno.OK)
    t.equal((await lock('b', range(25n, 0n))).status, errno.OK)
    t.match(await unlock('a', whole), { status: errno.OK, held: 0 })
    t.equal((await lock('b', whole)).status, errno.OK)
    t.match(await unlock('b', whole), { status: errno.OK, held: 0 })
  })

  behaviour('ranges split, merge and change their kind', async (t, { prepared, root, dir }) => {
    const { lock, test, unlock } = locksOf(prepared.vfs, made(await root.create(dir, 'file')))
    await lock('a', whole)
    t.match(await unlock('a', range(10n, 10n)), { held: 2 })
    t.equal((await test('b', range(10n, 10n))).status, errno.OK)
    t.match(await test('b', range(0n, 20n)), { status: errno.EAGAIN, holder: { offset: 0n, length: 10n } })
    t.match(await test('b', range(15n, 0n)), { status: errno.EAGAIN, holder: { offset: 20n, length: 0n } })
    t.match(await lock('a', range(5n, 20n), false), { held: 3 })
    t.equal((await lock('b', range(5n, 20n), false)).status, errno.OK)
    t.equal((await lock('b', range(4n, 1n), false)).status, errno.EAGAIN)
    await unlock('a', whole)
    t.match(await lock('b', whole), { status: errno.OK, held: 1 })
    await unlock('b', whole)
  })

  behaviour('the ends of what an offset can say', async (t, { prepared, root, dir }) => {
    const { lock, unlock, test } = locksOf(prepared.vfs, made(await root.create(dir, 'file')))
    const last = 2n ** 63n - 1n
    t.equal((await lock('a', range(last, 1n))).status, errno.OK)
    t.match(await test('b', range(0n, 2n ** 64n - 1n)), { holder: { offset: last, length: 0n } })
    t.equal((await lock('a', range(last + 1n, 1n))).status, errno.EFBIG)
    t.equal((await test('a', range(2n ** 64n - 1n, 0n))).status, errno.EFBIG)
    t.equal((await unlock('a', range(last + 1n, 1n))).status, errno.EFBIG)
    t.match(await unlock('a', range(last, 0n)), { status: errno.OK, held: 0 })
  })

  behaviour('what is no file has no locks', async (t, { prepared, root, dir }) => {
    const fifo = made(await root.mkfifo(dir, 'fifo'))
    t.equal((await locksOf(prepared.vfs, dir).lock('a', whole)).status, errno.EISDIR)
    t.equal((await locksOf(prepared.vfs, fifo).lock('a', whole)).status, errno.EINVAL)
    t.equal((await locksOf(prepared.vfs, Buffer.alloc(40)).lock('a', whole)).status, errno.EBADHANDLE)
    t.equal((await locksOf(prepared.vfs, Buffer.alloc(40)).unlock('a', whole)).status, errno.EBADHANDLE)
  })

  behaviour('who may read or write may lock, and nobody else', async (t, { prepared, root, dir }) => {
    for (const [mode, expected] of [
      [0o600, errno.EACCES],
      [0o604, errno.OK],
      [0o602, errno.OK],
      [0o601, errno.EACCES],
    ] as const) {
      const file = made(await root.create(dir, `mode-${mode}`, { mode }))
      const { lock, unlock } = locksOf(prepared.vfs, file, alice)
      t.equal((await lock('a', whole)).status, expected, mode.toString(8))
      await unlock('a', whole)
    }
  })

  behaviour('locks follow the file, not the name', async (t, { prepared, root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const { lock, test, unlock } = locksOf(prepared.vfs, file)
    await lock('a', whole)
    await root.rename(dir, 'file', dir, 'renamed')
    t.equal((await test('b', whole)).status, errno.EAGAIN)
    await root.remove(dir, 'renamed')
    t.equal((await lock('b', whole)).status, errno.ESTALE)
    t.equal((await unlock('a', whole)).status, errno.OK)
  })
})
