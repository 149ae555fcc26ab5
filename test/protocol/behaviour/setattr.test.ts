import { onEveryBackEnd } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf, wccAttributes } from '../../fixtures/nfs-client.ts'

onEveryBackEnd('GETATTR and SETATTR', (behaviour) => {
  behaviour('GETATTR of a new file says what it is', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o600 }))
    const attributes = await attributesOf(alice, file)
    const expected = { type: 1, mode: 0o600, nlink: 1, uid: 1001, gid: 1001, size: 0n, used: 0n }
    t.match(attributes, { ...expected, rdev: { specdata1: 0, specdata2: 0 } })
    t.not(attributes.fsid, 0n)
    t.not(attributes.fileid, 0n)
    t.equal(attributes.fsid, (await attributesOf(alice, dir)).fsid)
  })

  behaviour('fileids tell objects apart and are in the attributes of each name', async (t, { root, dir }) => {
    const one = made(await root.create(dir, 'one'))
    const two = made(await root.create(dir, 'two'))
    const oneId = (await attributesOf(root, one)).fileid
    t.not(oneId, (await attributesOf(root, two)).fileid)
    ok(await root.rename(dir, 'one', dir, 'three'))
    t.equal((await attributesOf(root, one)).fileid, oneId)
    t.equal(ok(await root.lookup(dir, 'three')).obj_attributes?.fileid, oneId)
  })

  behaviour('GETATTR needs no permission', async (t, { alice, bob, dir }) => {
    const closed = made(await alice.mkdir(dir, 'closed', { mode: 0o700 }))
    const file = made(await alice.create(closed, 'file', { mode: 0 }))
    t.equal((await attributesOf(bob, file)).mode, 0)
  })

  behaviour('SETATTR of the mode, with wcc data', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const before = await attributesOf(alice, file)
    const { obj_wcc } = ok(await alice.setattr(file, { mode: 0o4751 }))
    t.same(obj_wcc.before, wccAttributes(before))
    t.same(obj_wcc.after, await attributesOf(alice, file))
    t.equal(obj_wcc.after?.mode, 0o4751)
    t.same(obj_wcc.after?.mtime, before.mtime)
  })

  behaviour('SETATTR ignores type bits in the mode', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    ok(await alice.setattr(file, { mode: 0o100600 }))
    t.match(await attributesOf(alice, file), { mode: 0o600, type: 1 })
  })

  behaviour('SETATTR of nothing changes nothing', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const before = await attributesOf(alice, file)
    ok(await alice.setattr(file, {}))
    ok(await bob.setattr(file, {}))
    t.same(await attributesOf(alice, file), before)
  })

  behaviour('SETATTR of the mode is the owner’s', async (t, { root, alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o666 }))
    const { obj_wcc } = failed(await bob.setattr(file, { mode: 0o777 }), 'NFS3ERR_PERM')
    t.equal(obj_wcc.after?.mode, 0o666)
    ok(await root.setattr(file, { mode: 0o600 }))
    t.equal((await attributesOf(alice, file)).mode, 0o600)
  })

  behaviour('SETATTR of the owner is root’s', async (t, { root, alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    t.equal(statusOf(await alice.setattr(file, { uid: 1002 })), 'NFS3ERR_PERM')
    ok(await root.setattr(file, { uid: 1002, gid: 1002 }))
    t.match(await attributesOf(root, file), { uid: 1002, gid: 1002 })
  })

  behaviour('SETATTR of the group is the owner’s, to a group of theirs', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    ok(await alice.setattr(file, { gid: 2000 }))
    t.equal((await attributesOf(alice, file)).gid, 2000)
    t.equal(statusOf(await alice.setattr(file, { gid: 1002 })), 'NFS3ERR_PERM')
    t.equal(statusOf(await bob.setattr(file, { gid: 1002 })), 'NFS3ERR_PERM')
  })

  behaviour('SETATTR of the owner clears the set-id bits', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.setattr(file, { mode: 0o6755 }))
    ok(await root.setattr(file, { uid: 1001 }))
    t.equal((await attributesOf(root, file)).mode, 0o755)
  })

  behaviour(
    'SETATTR of the mode by a stranger to the group loses set-group-id',
    async (t, { root, alice, dir }) => {
      const file = made(await alice.create(dir, 'file'))
      ok(await root.setattr(file, { gid: 1002 }))
      ok(await alice.setattr(file, { mode: 0o2755 }))
      t.equal((await attributesOf(alice, file)).mode, 0o755)
    },
  )

  behaviour('SETATTR of times, to the nanosecond', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const atime = { seconds: 1_234_567_890, nseconds: 999_999_999 }
    const mtime = { seconds: 987_654_321, nseconds: 1 }
    ok(await alice.setattr(file, { atime, mtime }))
    const after = await attributesOf(alice, file)
    t.same(after.atime, atime)
    t.same(after.mtime, mtime)
    t.ok(after.ctime.seconds > atime.seconds, 'ctime is the server’s')
  })

  behaviour('SETATTR of one time leaves the other', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const time = { seconds: 1000, nseconds: 5 }
    ok(await alice.setattr(file, { atime: time, mtime: time }))
    ok(await alice.setattr(file, { mtime: { seconds: 2000, nseconds: 6 } }))
    t.same((await attributesOf(alice, file)).atime, time)
    ok(await alice.setattr(file, { atime: { seconds: 3000, nseconds: 7 } }))
    const after = await attributesOf(alice, file)
    t.same(after.mtime, { seconds: 2000, nseconds: 6 })
    t.same(after.atime, { seconds: 3000, nseconds: 7 })
  })

  behaviour('SETATTR to the server’s time', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const past = { seconds: 1000, nseconds: 5 }
    ok(await alice.setattr(file, { atime: past, mtime: past }))
    ok(await alice.setattr(file, { mtime: 'now' }))
    const after = await attributesOf(alice, file)
    t.same(after.atime, past)
    const now = Date.now() / 1000
    t.ok(Math.abs(after.mtime.seconds - now) < 60)
    ok(await alice.setattr(file, { atime: 'now', mtime: past }))
    t.same((await attributesOf(alice, file)).mtime, past)
  })

  behaviour('SETATTR to the server’s time is for those who may write, to others not', async (t, stage) => {
    const { alice, bob, dir } = stage
    const time = { seconds: 1000, nseconds: 0 }
    const open = made(await alice.create(dir, 'open', { mode: 0o666 }))
    ok(await bob.setattr(open, { atime: 'now', mtime: 'now' }))
    t.equal(statusOf(await bob.setattr(open, { mtime: time })), 'NFS3ERR_PERM', 'a time of choice is not')
    const closed = made(await alice.create(dir, 'closed', { mode: 0o644 }))
    t.equal(statusOf(await bob.setattr(closed, { atime: 'now', mtime: 'now' })), 'NFS3ERR_ACCES')
  })

  behaviour('SETATTR of size 0 and one time to now, as open with O_TRUNC sends it', async (t, stage) => {
    const { alice, bob, dir } = stage
    const file = made(await alice.create(dir, 'file', { mode: 0o666 }))
    ok(await alice.write(file, 0n, 'hello'))
    const past = { seconds: 1000, nseconds: 0 }
    ok(await alice.setattr(file, { atime: past, mtime: past }))
    ok(await bob.setattr(file, { size: 0n, mtime: 'now' }))
    const after = await attributesOf(alice, file)
    t.equal(after.size, 0n)
    t.ok(after.mtime.seconds > 1000)
    t.same(after.atime, past)
    t.equal(statusOf(await bob.setattr(file, { mtime: 'now', mode: 0 })), 'NFS3ERR_PERM')
    ok(await alice.setattr(file, { mode: 0o644 }))
    t.equal(statusOf(await bob.setattr(file, { mtime: 'now' })), 'NFS3ERR_ACCES')
  })

  behaviour('SETATTR with times or ids that none could have is INVAL', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const before = await attributesOf(root, file)
    for (const nseconds of [1_000_000_000, 0x3fffffff, 0x3ffffffe, 0xffffffff]) {
      const time = { seconds: 1, nseconds }
      const { obj_wcc } = failed(await root.setattr(file, { mtime: time }), 'NFS3ERR_INVAL')
      t.same(obj_wcc.after, before, `nseconds ${nseconds}`)
      t.equal(statusOf(await root.setattr(file, { atime: time })), 'NFS3ERR_INVAL')
    }
    t.equal(statusOf(await root.setattr(file, { uid: 0xffffffff })), 'NFS3ERR_INVAL')
    t.equal(statusOf(await root.setattr(file, { gid: 0xffffffff })), 'NFS3ERR_INVAL')
    t.same(await attributesOf(root, file), before)
  })

  behaviour('SETATTR of the size truncates, and grows with zeros', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    ok(await alice.write(file, 0n, 'hello, world'))
    const { obj_wcc } = ok(await alice.setattr(file, { size: 5n }))
    t.equal(obj_wcc.before?.size, 12n)
    t.equal(obj_wcc.after?.size, 5n)
    ok(await alice.setattr(file, { size: 8n }))
    t.same(Buffer.from(ok(await alice.read(file, 0n, 100)).data), Buffer.from('hello\0\0\0'))
  })

  behaviour('SETATTR of the size moves the mtime', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    ok(await alice.setattr(file, { mtime: { seconds: 1000, nseconds: 0 } }))
    ok(await alice.setattr(file, { size: 10n }))
    t.ok((await attributesOf(alice, file)).mtime.seconds > 1000)
  })

  behaviour('SETATTR of size and mtime at once keeps the mtime asked for', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const mtime = { seconds: 1000, nseconds: 42 }
    ok(await alice.setattr(file, { size: 10n, mtime }))
    const after = await attributesOf(alice, file)
    t.equal(after.size, 10n)
    t.same(after.mtime, mtime)
  })

  behaviour(
    'SETATTR of the size is for those who may write, and for the owner',
    async (t, { alice, bob, dir }) => {
      const file = made(await alice.create(dir, 'file', { mode: 0o444 }))
      ok(await alice.setattr(file, { size: 10n }))
      t.equal(statusOf(await bob.setattr(file, { size: 0n })), 'NFS3ERR_ACCES')
      ok(await alice.setattr(file, { mode: 0o666 }))
      ok(await bob.setattr(file, { size: 0n }))
      t.equal((await attributesOf(alice, file)).size, 0n)
    },
  )

  behaviour('SETATTR of the size of a directory is ISDIR, of others INVAL', async (t, { root, dir }) => {
    const { obj_wcc } = failed(await root.setattr(dir, { size: 0n }), 'NFS3ERR_ISDIR')
    t.equal(obj_wcc.after?.type, 2)
    const link = made(await root.symlink(dir, 'link', 'target'))
    t.equal(statusOf(await root.setattr(link, { size: 0n })), 'NFS3ERR_INVAL')
    const fifo = made(await root.mkfifo(dir, 'fifo'))
    t.equal(statusOf(await root.setattr(fifo, { size: 0n })), 'NFS3ERR_INVAL')
  })

  behaviour('SETATTR of sizes over 2^63 is FBIG', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    for (const size of [1n << 63n, (1n << 64n) - 1n]) {
      const { obj_wcc } = failed(await root.setattr(file, { size }), 'NFS3ERR_FBIG')
      t.equal(obj_wcc.after?.size, 0n)
    }
  })

  behaviour('SETATTR changes all that is asked for at once', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const atime = { seconds: 1000, nseconds: 1 }
    const mtime = { seconds: 2000, nseconds: 2 }
    ok(await root.setattr(file, { mode: 0o640, uid: 1001, gid: 2000, size: 7n, atime, mtime }))
    const expected = { mode: 0o640, uid: 1001, gid: 2000, size: 7n, atime, mtime }
    t.match(await attributesOf(root, file), expected)
  })

  behaviour('SETATTR with the right guard goes through', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const { ctime } = await attributesOf(alice, file)
    ok(await alice.setattr(file, { mode: 0o600 }, ctime))
    t.equal((await attributesOf(alice, file)).mode, 0o600)
  })

  behaviour('SETATTR with a wrong guard is NOT_SYNC and changes nothing', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o644 }))
    const { ctime } = await attributesOf(alice, file)
    const wrong = [
      { ...ctime, nseconds: ctime.nseconds === 0 ? 1 : ctime.nseconds - 1 },
      { ...ctime, seconds: ctime.seconds - 1 },
      { seconds: 0, nseconds: 0 },
    ]
    for (const guard of wrong) {
      const { obj_wcc } = failed(await alice.setattr(file, { mode: 0o600 }, guard), 'NFS3ERR_NOT_SYNC')
      t.equal(obj_wcc.after?.mode, 0o644)
    }
    t.equal((await attributesOf(alice, file)).mode, 0o644)
  })

  behaviour('SETATTR with the guard of before somebody’s change is NOT_SYNC', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file'))
    const { ctime } = await attributesOf(alice, file)
    ok(await alice.setattr(file, { mode: 0o600 }, ctime))
    const changed = (await attributesOf(alice, file)).ctime
    if (changed.seconds === ctime.seconds && changed.nseconds === ctime.nseconds) {
      t.pass('both changes fell into one tick of this file system’s clock')
      return
    }
    t.equal(statusOf(await alice.setattr(file, { mode: 0o644 }, ctime)), 'NFS3ERR_NOT_SYNC')
  })

  behaviour('SETATTR of a directory', async (t, { alice, dir }) => {
    const directory = made(await alice.mkdir(dir, 'directory'))
    const mtime = { seconds: 1000, nseconds: 3 }
    ok(await alice.setattr(directory, { mode: 0o1777, mtime }))
    t.match(await attributesOf(alice, directory), { mode: 0o1777, mtime, type: 2 })
  })

  behaviour(
    'SETATTR of owner and times of a symbolic link is of the link itself',
    async (t, { root, dir }) => {
      const target = made(await root.create(dir, 'target'))
      const link = made(await root.symlink(dir, 'link', 'target'))
      const mtime = { seconds: 1000, nseconds: 3 }
      ok(await root.setattr(link, { uid: 1001, gid: 1001, mtime }))
      t.match(await attributesOf(root, link), { uid: 1001, gid: 1001, mtime })
      t.equal((await attributesOf(root, target)).uid, 0)
    },
  )
})
