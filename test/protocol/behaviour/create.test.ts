import { onEveryBackEndAndFuse } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf, wccAttributes } from '../../fixtures/nfs-client.ts'

const verifier = Buffer.from([0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10])
const otherVerifier = Buffer.from([0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x11])

onEveryBackEndAndFuse('CREATE', (behaviour) => {
  behaviour('gives handle, attributes and the directory’s wcc data', async (t, { root, dir }) => {
    const before = await attributesOf(root, dir)
    const { obj, obj_attributes, dir_wcc } = ok(await root.create(dir, 'file', { mode: 0o640 }))
    t.same(obj_attributes, await attributesOf(root, obj!.data))
    t.same(dir_wcc.before, wccAttributes(before))
    t.same(dir_wcc.after, await attributesOf(root, dir))
    t.match(obj_attributes, { type: 1, mode: 0o640, nlink: 1, uid: 0, gid: 0, size: 0n })
  })

  behaviour('belongs to the caller', async (t, { alice, dir }) => {
    const { obj_attributes } = ok(await alice.create(dir, 'file'))
    t.match(obj_attributes, { uid: 1001, gid: 1001 })
  })

  behaviour('does not apply anybody’s umask', async (t, { alice, dir }) => {
    t.equal(ok(await alice.create(dir, 'file', { mode: 0o666 })).obj_attributes?.mode, 0o666)
  })

  behaviour('by root sets the owner asked for', async (t, { root, dir }) => {
    const { obj_attributes } = ok(await root.create(dir, 'file', { mode: 0o600, uid: 1001, gid: 2000 }))
    t.match(obj_attributes, { uid: 1001, gid: 2000, mode: 0o600 })
  })

  behaviour('sets times and size asked for', async (t, { alice, dir }) => {
    const atime = { seconds: 1_000_000_000, nseconds: 123_456_789 }
    const mtime = { seconds: 1_100_000_000, nseconds: 987_654_321 }
    const changes = { mode: 0o600, size: 10n, atime, mtime }
    const { obj_attributes } = ok(await alice.create(dir, 'file', changes))
    t.match(obj_attributes, { size: 10n, atime, mtime })
  })

  behaviour('unchecked of a file that is there keeps it', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o640 }))
    ok(await alice.write(file, 0n, 'hello'))
    const { obj, obj_attributes } = ok(await alice.create(dir, 'file', { mode: 0o777 }))
    t.same(obj?.data, file)
    t.match(obj_attributes, { size: 5n, mode: 0o640 })
  })

  behaviour('unchecked with size 0 truncates a file that is there', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o640 }))
    ok(await alice.write(file, 0n, 'hello'))
    const { obj, obj_attributes } = ok(await alice.create(dir, 'file', { mode: 0o777, size: 0n }))
    t.same(obj?.data, file)
    t.match(obj_attributes, { size: 0n, mode: 0o640 })
  })

  behaviour('unchecked with size 0 needs permission to write the file', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o644 }))
    ok(await alice.write(file, 0n, 'hello'))
    t.equal(statusOf(await bob.create(dir, 'file', { mode: 0o644, size: 0n })), 'NFS3ERR_ACCES')
    t.equal((await attributesOf(alice, file)).size, 5n)
  })

  behaviour('unchecked over something other than a file is EXIST', async (t, { root, dir }) => {
    ok(await root.mkdir(dir, 'directory'))
    ok(await root.mkfifo(dir, 'fifo'))
    ok(await root.symlink(dir, 'link', 'missing'))
    t.equal(statusOf(await root.create(dir, 'directory')), 'NFS3ERR_EXIST')
    t.equal(statusOf(await root.create(dir, 'fifo')), 'NFS3ERR_EXIST')
    t.equal(statusOf(await root.create(dir, 'link')), 'NFS3ERR_EXIST')
    t.equal(statusOf(await root.lookup(dir, 'missing')), 'NFS3ERR_NOENT', 'links are not followed')
  })

  behaviour('guarded makes a new file, and is EXIST for one that is there', async (t, { root, dir }) => {
    const file = made(await root.createGuarded(dir, 'file', { mode: 0o600 }))
    ok(await root.write(file, 0n, 'hello'))
    const { dir_wcc } = failed(await root.createGuarded(dir, 'file', { size: 0n }), 'NFS3ERR_EXIST')
    t.same(dir_wcc.after, await attributesOf(root, dir))
    t.equal((await attributesOf(root, file)).size, 5n)
  })

  behaviour('exclusive makes a new, empty file', async (t, { alice, dir }) => {
    const { obj, obj_attributes } = ok(await alice.createExclusive(dir, 'file', verifier))
    t.match(obj_attributes, { type: 1, size: 0n, uid: 1001 })
    t.same(ok(await alice.lookup(dir, 'file')).object.data, obj?.data)
  })

  behaviour('exclusive, repeated with the same verifier, succeeds', async (t, { alice, dir }) => {
    const first = made(await alice.createExclusive(dir, 'file', verifier))
    t.same(made(await alice.createExclusive(dir, 'file', verifier)), first)
  })

  behaviour('exclusive with another verifier is EXIST, down to the last bit', async (t, { alice, dir }) => {
    ok(await alice.createExclusive(dir, 'file', verifier))
    t.equal(statusOf(await alice.createExclusive(dir, 'file', otherVerifier)), 'NFS3ERR_EXIST')
    const flipped = Buffer.from(verifier)
    flipped[0]! ^= 0x80
    t.equal(statusOf(await alice.createExclusive(dir, 'file', flipped)), 'NFS3ERR_EXIST')
  })

  behaviour('exclusive accepts verifiers of any bits', async (t, { alice, dir }) => {
    for (const byte of [0, 0x7f, 0x80, 0xff]) {
      const verf = Buffer.alloc(8, byte)
      const file = made(await alice.createExclusive(dir, `file-${byte}`, verf))
      t.same(made(await alice.createExclusive(dir, `file-${byte}`, verf)), file, `byte ${byte}`)
    }
  })

  behaviour('exclusive of an ordinary file is EXIST', async (t, { alice, dir }) => {
    ok(await alice.create(dir, 'file'))
    t.equal(statusOf(await alice.createExclusive(dir, 'file', verifier)), 'NFS3ERR_EXIST')
    ok(await alice.mkdir(dir, 'directory'))
    t.equal(statusOf(await alice.createExclusive(dir, 'directory', verifier)), 'NFS3ERR_EXIST')
  })

  behaviour('exclusive, then SETATTR, is the dance of a Linux client', async (t, { alice, dir }) => {
    const file = made(await alice.createExclusive(dir, 'file', verifier))
    ok(await alice.setattr(file, { mode: 0o644, atime: 'now', mtime: 'now' }))
    const { mode, mtime } = await attributesOf(alice, file)
    t.equal(mode, 0o644)
    t.ok(mtime.seconds > 1_600_000_000, 'the verifier is no time that anybody sees afterwards')
    t.equal(statusOf(await alice.createExclusive(dir, 'file', verifier)), 'NFS3ERR_EXIST')
  })

  behaviour('needs permission to write the directory', async (t, { alice, bob, dir }) => {
    const mine = made(await alice.mkdir(dir, 'mine', { mode: 0o755 }))
    const { dir_wcc } = failed(await bob.create(mine, 'file'), 'NFS3ERR_ACCES')
    t.same(dir_wcc.after, await attributesOf(alice, mine))
    t.equal(statusOf(await bob.createGuarded(mine, 'file')), 'NFS3ERR_ACCES')
    t.equal(statusOf(await bob.createExclusive(mine, 'file', verifier)), 'NFS3ERR_ACCES')
  })

  behaviour('in a file is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    t.equal(statusOf(await root.create(file, 'x')), 'NFS3ERR_NOTDIR')
    t.equal(statusOf(await root.createGuarded(file, 'x')), 'NFS3ERR_NOTDIR')
    t.equal(statusOf(await root.createExclusive(file, 'x', verifier)), 'NFS3ERR_NOTDIR')
  })

  behaviour('moves mtime and ctime of the directory', async (t, { root, dir }) => {
    ok(await root.setattr(dir, { mtime: { seconds: 1000, nseconds: 0 } }))
    ok(await root.create(dir, 'file'))
    t.ok((await attributesOf(root, dir)).mtime.seconds > 1000)
  })

  behaviour('in a set-group-id directory gives the directory’s group', async (t, { root, bob, dir }) => {
    const shared = made(await root.mkdir(dir, 'shared'))
    ok(await root.setattr(shared, { gid: 3000, mode: 0o2777 }))
    t.equal(ok(await bob.create(shared, 'file')).obj_attributes?.gid, 3000)
    const { obj_attributes } = ok(await bob.mkdir(shared, 'sub', { mode: 0o755 }))
    t.match(obj_attributes, { gid: 3000, mode: 0o2755 })
    t.equal(ok(await bob.symlink(shared, 'link', 'target')).obj_attributes?.gid, 3000)
  })

  behaviour(
    'with times or ids that none could have is INVAL, and makes nothing',
    async (t, { root, dir }) => {
      const bad = { seconds: 1, nseconds: 1_000_000_000 }
      for (const changes of [{ mtime: bad }, { atime: bad }, { uid: 0xffffffff }, { gid: 0xffffffff }]) {
        t.equal(statusOf(await root.create(dir, 'file', changes)), 'NFS3ERR_INVAL')
        t.equal(statusOf(await root.mkdir(dir, 'directory', changes)), 'NFS3ERR_INVAL')
        t.equal(statusOf(await root.symlink(dir, 'link', 'target', changes)), 'NFS3ERR_INVAL')
        t.equal(statusOf(await root.mkfifo(dir, 'fifo', changes)), 'NFS3ERR_INVAL')
      }
      t.same(ok(await root.readdir(dir)).reply.entries.length, 2)
    },
  )

  behaviour('with a size over 2^63 is FBIG, and makes nothing', async (t, { root, dir }) => {
    t.equal(statusOf(await root.create(dir, 'file', { size: 1n << 63n })), 'NFS3ERR_FBIG')
    t.equal(statusOf(await root.create(dir, 'file', { size: (1n << 64n) - 1n })), 'NFS3ERR_FBIG')
    t.equal(statusOf(await root.lookup(dir, 'file')), 'NFS3ERR_NOENT')
  })

  behaviour('of the same name by many at once makes one file', async (t, { root, dir }) => {
    const results = await Promise.all(Array.from({ length: 16 }, () => root.createGuarded(dir, 'file')))
    t.equal(results.filter(({ status }) => status === 0).length, 1)
    t.ok(results.every((result) => ['NFS3_OK', 'NFS3ERR_EXIST'].includes(statusOf(result))))
  })
})
