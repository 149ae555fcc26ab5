import { onEveryBackEnd } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf, withoutAtime } from '../../fixtures/nfs-client.ts'

const rtmax = 1 << 20

onEveryBackEnd('READ', (behaviour) => {
  behaviour('gives what WRITE wrote', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'hello, world'))
    const { data, count, eof } = ok(await root.read(file, 7n, 5))
    t.equal(Buffer.from(data).toString(), 'world')
    t.equal(count, 5)
    t.equal(eof, true)
  })

  behaviour('says end of file on the read that reaches it, not before', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'x'.repeat(100)))
    t.equal(ok(await root.read(file, 0n, 99)).eof, false)
    t.equal(ok(await root.read(file, 0n, 100)).eof, true)
    t.equal(ok(await root.read(file, 0n, 101)).eof, true)
    t.equal(ok(await root.read(file, 50n, 49)).eof, false)
    t.equal(ok(await root.read(file, 50n, 4096)).eof, true)
  })

  behaviour('at and past the end gives nothing and end of file', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'abc'))
    for (const offset of [3n, 4n, 1n << 40n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n]) {
      const { count, eof, data } = ok(await root.read(file, offset, 10))
      t.same({ count, eof, length: data.length }, { count: 0, eof: true, length: 0 }, `offset ${offset}`)
    }
  })

  behaviour('of an empty file is the end of file', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const { count, eof } = ok(await root.read(file, 0n, 4096))
    t.same({ count, eof }, { count: 0, eof: true })
  })

  behaviour('of count 0 gives nothing, end of file only at the end', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'abc'))
    const inside = ok(await root.read(file, 1n, 0))
    t.same({ count: inside.count, eof: inside.eof }, { count: 0, eof: false })
    t.equal(ok(await root.read(file, 3n, 0)).eof, true)
  })

  behaviour('is clipped to rtmax', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.setattr(file, { size: BigInt(rtmax) + 10n }))
    const { count, eof, data } = ok(await root.read(file, 0n, 0xffffffff))
    t.same({ count, eof, length: data.length }, { count: rtmax, eof: false, length: rtmax })
    t.equal(ok(await root.read(file, 10n, 0xffffffff)).eof, true)
  })

  behaviour('carries every byte of a megabyte', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const bytes = Buffer.alloc(rtmax)
    for (let index = 0; index < rtmax; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff
    t.equal(ok(await root.write(file, 0n, bytes)).count, rtmax)
    t.ok(bytes.equals(ok(await root.read(file, 0n, rtmax)).data))
    const odd = ok(await root.read(file, 4095n, 8193)).data
    t.ok(bytes.subarray(4095, 4095 + 8193).equals(odd), 'also across page boundaries')
  })

  behaviour('of a hole gives zeros', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 100_000n, 'end'))
    ok(await root.write(file, 0n, 'start'))
    const { data } = ok(await root.read(file, 0n, 100_003))
    t.equal(data.length, 100_003)
    t.equal(Buffer.from(data.subarray(0, 5)).toString(), 'start')
    t.ok(data.subarray(5, 100_000).every((byte) => byte === 0))
    t.equal(Buffer.from(data.subarray(100_000)).toString(), 'end')
  })

  behaviour('beyond 4 GiB', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const offset = (1n << 32n) + 5n
    ok(await root.write(file, offset, 'far'))
    const { data, eof } = ok(await root.read(file, offset, 100))
    t.equal(Buffer.from(data).toString(), 'far')
    t.equal(eof, true)
    t.equal((await attributesOf(root, file)).size, offset + 3n)
    ok(await root.setattr(file, { size: 0n }))
  })

  behaviour('reports the file’s attributes', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'abc'))
    const { file_attributes } = ok(await root.read(file, 0n, 3))
    t.same(withoutAtime(file_attributes), withoutAtime(await attributesOf(root, file)))
  })

  behaviour('of a directory is ISDIR', async (t, { root, dir }) => {
    const { file_attributes } = failed(await root.read(dir, 0n, 10), 'NFS3ERR_ISDIR')
    t.equal(file_attributes?.type, 2)
  })

  behaviour(
    'of a symbolic link, a fifo and a socket is INVAL, and does not block',
    async (t, { root, dir }) => {
      const link = made(await root.symlink(dir, 'link', 'target'))
      t.equal(statusOf(await root.read(link, 0n, 10)), 'NFS3ERR_INVAL')
      const fifo = made(await root.mkfifo(dir, 'fifo'))
      t.equal(statusOf(await root.read(fifo, 0n, 10)), 'NFS3ERR_INVAL')
    },
  )

  behaviour('needs permission', async (t, { root, alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o600 }))
    ok(await alice.write(file, 0n, 'secret'))
    const { file_attributes } = failed(await bob.read(file, 0n, 10), 'NFS3ERR_ACCES')
    t.equal(file_attributes?.size, 6n, 'the attributes are no secret')
    ok(await alice.read(file, 0n, 10))
    ok(await root.read(file, 0n, 10))
    t.equal(statusOf(await bob.read(file, 0n, 10)), 'NFS3ERR_ACCES', 'whoever read it before')
  })

  behaviour('is the owner’s whatever the mode says by now', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o200 }))
    ok(await alice.write(file, 0n, 'abc'))
    t.equal(Buffer.from(ok(await alice.read(file, 0n, 3)).data).toString(), 'abc')
    ok(await alice.setattr(file, { mode: 0 }))
    ok(await alice.read(file, 0n, 3))
    t.equal(statusOf(await bob.read(file, 0n, 3)), 'NFS3ERR_ACCES')
  })

  behaviour('is for those who may execute a program', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o711 }))
    ok(await alice.write(file, 0n, '#!'))
    t.equal(Buffer.from(ok(await bob.read(file, 0n, 3)).data).toString(), '#!')
  })

  behaviour('is for members of the group, primary or not', async (t, { root, alice, bob, dir }) => {
    const file = made(await root.create(dir, 'file', { mode: 0o640 }))
    ok(await root.setattr(file, { gid: 2000 }))
    ok(await alice.read(file, 0n, 1))
    t.equal(statusOf(await bob.read(file, 0n, 1)), 'NFS3ERR_ACCES')
    ok(await root.setattr(file, { gid: 1002 }))
    ok(await bob.read(file, 0n, 1))
    t.equal(statusOf(await alice.read(file, 0n, 1)), 'NFS3ERR_ACCES')
  })

  behaviour('of many files at once answers each with its own data', async (t, { root, dir }) => {
    const names = Array.from({ length: 32 }, (_, index) => `file-${index}`)
    const files = await Promise.all(names.map(async (name) => made(await root.create(dir, name))))
    await Promise.all(files.map((file, index) => root.write(file, 0n, `data of ${index}`)))
    const read = await Promise.all(files.map((file) => root.read(file, 0n, 100)))
    const texts = read.map((result) => Buffer.from(ok(result).data).toString())
    t.same(
      texts,
      names.map((_, index) => `data of ${index}`),
    )
  })
})
