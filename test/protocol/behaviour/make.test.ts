/** MKDIR, SYMLINK, READLINK and MKNOD. */
import { ftype3 } from '../../../nfs-server/xdr/generated/nfs3.ts'
import { onEveryBackEnd } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf, toWire, wccAttributes } from '../../fixtures/nfs-client.ts'

const device = (type: 3 | 4, specdata1: number, specdata2: number) => ({
  type,
  device: { dev_attributes: toWire({ mode: 0o620 }), spec: { specdata1, specdata2 } },
})

onEveryBackEnd('MKDIR, SYMLINK, MKNOD', (behaviour) => {
  behaviour('MKDIR makes an empty directory, with wcc data of its parent', async (t, { alice, dir }) => {
    const before = await attributesOf(alice, dir)
    const { obj, obj_attributes, dir_wcc } = ok(await alice.mkdir(dir, 'new', { mode: 0o750 }))
    t.match(obj_attributes, { type: 2, mode: 0o750, uid: 1001, gid: 1001 })
    t.same(obj_attributes, await attributesOf(alice, obj!.data))
    t.same(dir_wcc.before, wccAttributes(before))
    t.same(dir_wcc.after, await attributesOf(alice, dir))
    t.equal(dir_wcc.after!.nlink - before.nlink, obj_attributes!.nlink - 1, 'links count ".." where they do')
  })

  behaviour('MKDIR of a name that is there is EXIST, whatever it is', async (t, { root, dir }) => {
    ok(await root.create(dir, 'file'))
    ok(await root.mkdir(dir, 'directory'))
    ok(await root.symlink(dir, 'link', 'nowhere'))
    for (const name of ['file', 'directory', 'link']) {
      const { dir_wcc } = failed(await root.mkdir(dir, name), 'NFS3ERR_EXIST')
      t.same(dir_wcc.after, await attributesOf(root, dir), name)
    }
  })

  behaviour('MKDIR needs permission', async (t, { alice, bob, dir }) => {
    const mine = made(await alice.mkdir(dir, 'mine', { mode: 0o755 }))
    const { dir_wcc } = failed(await bob.mkdir(mine, 'new'), 'NFS3ERR_ACCES')
    t.same(dir_wcc.after, await attributesOf(alice, mine))
  })

  behaviour('MKDIR in a file is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    t.equal(statusOf(await root.mkdir(file, 'x')), 'NFS3ERR_NOTDIR')
  })

  behaviour('MKDIR by root sets the owner asked for', async (t, { root, dir }) => {
    const { obj_attributes } = ok(await root.mkdir(dir, 'new', { mode: 0o700, uid: 1001, gid: 2000 }))
    t.match(obj_attributes, { uid: 1001, gid: 2000 })
  })

  behaviour('MKDIR sets a sticky bit asked for', async (t, { alice, dir }) => {
    t.equal(ok(await alice.mkdir(dir, 'tmp', { mode: 0o1777 })).obj_attributes?.mode, 0o1777)
  })

  behaviour('SYMLINK keeps its target as it is', async (t, { alice, dir }) => {
    for (const [name, target] of Object.entries({
      relative: '../some where/else',
      absolute: '/etc/passwd',
      dangling: 'nowhere',
      itself: 'itself',
      slashes: '//a//./b/',
      long: 'd/'.repeat(500),
    })) {
      const { obj, obj_attributes } = ok(await alice.symlink(dir, name, target))
      t.match(obj_attributes, { type: 5, size: BigInt(target.length), uid: 1001 })
      const read = ok(await alice.readlink(obj!.data))
      t.equal(Buffer.from(read.data).toString(), target)
      t.same(read.symlink_attributes?.fileid, obj_attributes?.fileid)
    }
  })

  behaviour('SYMLINK keeps a target that is not UTF-8', async (t, { alice, dir }) => {
    const target = Buffer.from([0xff, 0x2f, 0x80, 0xc0])
    const link = made(await alice.symlink(dir, 'link', target))
    t.same(Buffer.from(ok(await alice.readlink(link)).data), target)
  })

  behaviour(
    'SYMLINK to nothing is NOENT, to more than a path can be NAMETOOLONG',
    async (t, { alice, dir }) => {
      t.equal(statusOf(await alice.symlink(dir, 'link', '')), 'NFS3ERR_NOENT')
      t.equal(statusOf(await alice.symlink(dir, 'link', 'x'.repeat(5000))), 'NFS3ERR_NAMETOOLONG')
      t.equal(statusOf(await alice.symlink(dir, 'link', 'a\0b')), 'NFS3ERR_INVAL')
      t.equal(statusOf(await alice.lookup(dir, 'link')), 'NFS3ERR_NOENT')
    },
  )

  behaviour('SYMLINK over a name that is there is EXIST', async (t, { alice, dir }) => {
    ok(await alice.create(dir, 'file'))
    const { dir_wcc } = failed(await alice.symlink(dir, 'file', 'target'), 'NFS3ERR_EXIST')
    t.same(dir_wcc.after, await attributesOf(alice, dir))
  })

  behaviour('SYMLINK needs permission', async (t, { alice, bob, dir }) => {
    const mine = made(await alice.mkdir(dir, 'mine', { mode: 0o755 }))
    t.equal(statusOf(await bob.symlink(mine, 'link', 'target')), 'NFS3ERR_ACCES')
  })

  behaviour('READLINK of what is no link is INVAL, with its attributes', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const { symlink_attributes } = failed(await root.readlink(file), 'NFS3ERR_INVAL')
    t.same(symlink_attributes, await attributesOf(root, file))
    t.equal(statusOf(await root.readlink(dir)), 'NFS3ERR_INVAL')
  })

  behaviour('READLINK needs no permission on the link', async (t, { alice, bob, dir }) => {
    const link = made(await alice.symlink(dir, 'link', 'target', { mode: 0o600 }))
    t.equal(Buffer.from(ok(await bob.readlink(link)).data).toString(), 'target')
  })

  behaviour('MKNOD makes fifos and sockets for everybody', async (t, { alice, dir }) => {
    const before = await attributesOf(alice, dir)
    const fifo = ok(await alice.mkfifo(dir, 'fifo', { mode: 0o640 }))
    t.match(fifo.obj_attributes, { type: 7, mode: 0o640, uid: 1001, nlink: 1, size: 0n })
    t.same(fifo.dir_wcc.before, wccAttributes(before))
    t.same(fifo.dir_wcc.after, await attributesOf(alice, dir))
    const what = { type: ftype3.NF3SOCK, pipe_attributes: toWire({ mode: 0o600 }) }
    const socket = ok(await alice.mknod(dir, 'socket', what))
    t.match(socket.obj_attributes, { type: 6, mode: 0o600 })
    t.same(ok(await alice.lookup(dir, 'socket')).object.data, socket.obj?.data)
  })

  behaviour('MKNOD makes devices for root, numbers and all', async (t, { root, dir }) => {
    const character = ok(await root.mknod(dir, 'null', device(ftype3.NF3CHR, 1, 3)))
    const zero = { specdata1: 1, specdata2: 3 }
    t.match(character.obj_attributes, { type: 4, mode: 0o620, rdev: zero })
    const block = ok(await root.mknod(dir, 'disk', device(ftype3.NF3BLK, 259, 70_000)))
    t.match(block.obj_attributes, { type: 3, rdev: { specdata1: 259, specdata2: 70_000 } })
    t.same((await attributesOf(root, character.obj!.data)).rdev, zero)
  })

  behaviour('MKNOD makes no devices for others', async (t, { alice, dir }) => {
    const { dir_wcc } = failed(await alice.mknod(dir, 'null', device(ftype3.NF3CHR, 1, 3)), 'NFS3ERR_PERM')
    t.same(dir_wcc.after, await attributesOf(alice, dir))
    t.equal(statusOf(await alice.lookup(dir, 'null')), 'NFS3ERR_NOENT')
  })

  behaviour('MKNOD with device numbers that no device has is INVAL', async (t, { root, dir }) => {
    t.equal(statusOf(await root.mknod(dir, 'x', device(ftype3.NF3CHR, 1 << 12, 0))), 'NFS3ERR_INVAL')
    t.equal(statusOf(await root.mknod(dir, 'x', device(ftype3.NF3BLK, 0, 1 << 20))), 'NFS3ERR_INVAL')
    t.equal(statusOf(await root.mknod(dir, 'x', device(ftype3.NF3BLK, 0xffffffff, 0))), 'NFS3ERR_INVAL')
  })

  behaviour('MKNOD of files, directories and links is BADTYPE', async (t, { root, dir }) => {
    for (const type of [ftype3.NF3REG, ftype3.NF3DIR, ftype3.NF3LNK]) {
      const { dir_wcc } = failed(await root.mknod(dir, 'x', { type }), 'NFS3ERR_BADTYPE')
      t.same(dir_wcc.after, await attributesOf(root, dir))
    }
  })

  behaviour('MKNOD over a name that is there is EXIST', async (t, { root, dir }) => {
    ok(await root.create(dir, 'file'))
    t.equal(statusOf(await root.mkfifo(dir, 'file')), 'NFS3ERR_EXIST')
    t.equal(statusOf(await root.mknod(dir, 'file', device(ftype3.NF3CHR, 1, 3))), 'NFS3ERR_EXIST')
  })
})
