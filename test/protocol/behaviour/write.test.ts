import { NFS_V3_PROCEDURES as nfs, stable_how } from '../../../nfs-server/xdr/generated/nfs3.ts'
import { onEveryBackEndAndFuse } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf, wccAttributes } from '../../fixtures/nfs-client.ts'

onEveryBackEndAndFuse('WRITE and COMMIT', (behaviour) => {
  behaviour('WRITE reports wcc data around the change', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const before = await attributesOf(root, file)
    const { file_wcc, count, committed } = ok(await root.write(file, 0n, 'hello'))
    t.equal(count, 5)
    t.equal(committed, stable_how.FILE_SYNC)
    t.same(file_wcc.before, wccAttributes(before))
    t.same(file_wcc.after, await attributesOf(root, file))
    t.equal(file_wcc.after?.size, 5n)
  })

  for (const [name, stable] of Object.entries(stable_how)) {
    behaviour(`WRITE does at least what ${name} asks for`, async (t, { root, dir }) => {
      const file = made(await root.create(dir, 'file'))
      const { committed, verf } = ok(await root.write(file, 0n, 'hello', stable))
      t.ok(committed >= stable)
      t.equal(verf.length, 8)
      t.equal(Buffer.from(ok(await root.read(file, 0n, 10)).data).toString(), 'hello')
    })
  }

  behaviour('an unstable WRITE and its COMMIT have the same verifier', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const first = ok(await root.write(file, 0n, 'hello', stable_how.UNSTABLE))
    const second = ok(await root.write(file, 5n, 'hello', stable_how.UNSTABLE))
    const committed = ok(await root.commit(file))
    t.same(second.verf, first.verf)
    t.same(committed.verf, first.verf)
    t.notSame(first.verf, new Uint8Array(8))
  })

  behaviour('COMMIT of a part, of nothing and past the end is fine', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'hello', stable_how.UNSTABLE))
    const ranges: [bigint, number][] = [
      [1n, 2],
      [0n, 0],
      [100n, 100],
      [(1n << 63n) - 1n, 0xffffffff],
      [(1n << 64n) - 1n, 0xffffffff],
    ]
    for (const [offset, count] of ranges) ok(await root.commit(file, offset, count))
    t.equal((await attributesOf(root, file)).size, 5n)
  })

  behaviour('COMMIT reports wcc data', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'hello', stable_how.UNSTABLE))
    t.same(ok(await root.commit(file)).file_wcc.after, await attributesOf(root, file))
  })

  behaviour('COMMIT of a directory is ISDIR, of a fifo INVAL', async (t, { root, dir }) => {
    t.equal(statusOf(await root.commit(dir)), 'NFS3ERR_ISDIR')
    t.equal(statusOf(await root.commit(made(await root.mkfifo(dir, 'fifo')))), 'NFS3ERR_INVAL')
  })

  behaviour('WRITE overwrites in the middle and leaves the rest', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'hello, world'))
    ok(await root.write(file, 3n, 'XY'))
    t.equal(Buffer.from(ok(await root.read(file, 0n, 100)).data).toString(), 'helXY, world')
    t.equal((await attributesOf(root, file)).size, 12n)
  })

  behaviour('WRITE of nothing succeeds and changes nothing', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const before = await attributesOf(root, file)
    t.equal(ok(await root.write(file, 100n, '')).count, 0)
    t.same(await attributesOf(root, file), before)
  })

  behaviour('WRITE with a count that is not the data’s is INVAL', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    for (const count of [0, 4, 6, 0xffffffff]) {
      const args = { file: { data: file }, offset: 0n, count, stable: 2 as const, data: Buffer.from('hello') }
      const { file_wcc } = failed(await root.call(nfs.NFSPROC3_WRITE, args), 'NFS3ERR_INVAL')
      t.equal(file_wcc.after?.size, 0n, `count ${count}`)
    }
  })

  behaviour('WRITE past the largest offset is FBIG and writes nothing', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    for (const offset of [(1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 3n, (1n << 64n) - 1n]) {
      const { file_wcc } = failed(await root.write(file, offset, 'hello'), 'NFS3ERR_FBIG')
      t.equal(file_wcc.after?.size, 0n, `offset ${offset}`)
    }
  })

  behaviour('WRITE to a directory is ISDIR', async (t, { root, dir }) => {
    const before = await attributesOf(root, dir)
    const { file_wcc } = failed(await root.write(dir, 0n, 'x'), 'NFS3ERR_ISDIR')
    t.same(file_wcc.after, before)
  })

  behaviour('WRITE to a symbolic link or a fifo is INVAL, and does not block', async (t, { root, dir }) => {
    const link = made(await root.symlink(dir, 'link', 'target'))
    t.equal(statusOf(await root.write(link, 0n, 'x')), 'NFS3ERR_INVAL')
    const fifo = made(await root.mkfifo(dir, 'fifo'))
    t.equal(statusOf(await root.write(fifo, 0n, 'x')), 'NFS3ERR_INVAL')
  })

  behaviour('WRITE needs permission, and a refusal reports wcc data', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o644 }))
    const { file_wcc } = failed(await bob.write(file, 0n, 'x'), 'NFS3ERR_ACCES')
    t.same(file_wcc.after, await attributesOf(alice, file))
    t.equal(file_wcc.after?.size, 0n)
  })

  behaviour(
    'WRITE is the owner’s although the file was created read-only',
    async (t, { alice, bob, dir }) => {
      const file = made(await alice.create(dir, 'file', { mode: 0o444 }))
      ok(await alice.write(file, 0n, 'git does this'))
      t.equal(statusOf(await bob.write(file, 0n, 'x')), 'NFS3ERR_ACCES')
      ok(await bob.read(file, 0n, 10))
      t.equal(statusOf(await bob.write(file, 0n, 'x')), 'NFS3ERR_ACCES', 'whoever wrote it before')
    },
  )

  behaviour('COMMIT is for those who may write', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o400 }))
    ok(await alice.write(file, 0n, 'x', stable_how.UNSTABLE))
    ok(await alice.commit(file))
    t.equal((await attributesOf(alice, file)).size, 1n)
  })

  behaviour('WRITE by others than root clears the set-id bits', async (t, { root, alice, dir }) => {
    const file = made(await root.create(dir, 'file', { mode: 0o666 }))
    ok(await root.setattr(file, { mode: 0o6777 }))
    ok(await alice.write(file, 0n, 'x'))
    t.equal((await attributesOf(root, file)).mode, 0o777)
  })

  behaviour('WRITE moves mtime and ctime', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.setattr(file, { mtime: { seconds: 1000, nseconds: 1 } }))
    const before = await attributesOf(root, file)
    ok(await root.write(file, 0n, 'x'))
    const after = await attributesOf(root, file)
    t.ok(after.mtime.seconds > 1000)
    t.ok(after.ctime.seconds >= before.ctime.seconds)
  })

  behaviour('WRITE counts the storage used', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 1n << 30n, Buffer.alloc(65536, 1)))
    const { used, size } = await attributesOf(root, file)
    t.equal(size, (1n << 30n) + 65536n)
    t.ok(used >= 65536n && used < 1n << 29n, `a sparse file uses ${used} bytes`)
  })

  behaviour('pipelined WRITEs of one file all arrive', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const pieces = Array.from({ length: 64 }, (_, index) => Buffer.alloc(1000, 65 + (index % 26)))
    await Promise.all(
      pieces.map(async (piece, index) => ok(await root.write(file, BigInt(index * 1000), piece, 0))),
    )
    t.ok(Buffer.concat(pieces).equals(ok(await root.read(file, 0n, 64_000)).data))
  })
})
