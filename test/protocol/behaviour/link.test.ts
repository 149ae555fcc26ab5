import { onEveryBackEnd } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf, wccAttributes } from '../../fixtures/nfs-client.ts'

onEveryBackEnd('LINK', (behaviour) => {
  behaviour('gives a file a second name, with attributes and wcc data', async (t, { root, dir }) => {
    const other = made(await root.mkdir(dir, 'other'))
    const file = made(await root.create(dir, 'one'))
    const before = await attributesOf(root, other)
    const { file_attributes, linkdir_wcc } = ok(await root.link(file, other, 'two'))
    t.equal(file_attributes?.nlink, 2)
    t.same(file_attributes, await attributesOf(root, file))
    t.same(linkdir_wcc.before, wccAttributes(before))
    t.same(linkdir_wcc.after, await attributesOf(root, other))
    const found = ok(await root.lookup(other, 'two'))
    t.same(found.object.data, file)
  })

  behaviour('makes one file of two names, not two', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'one'))
    ok(await root.link(file, dir, 'two'))
    const { object } = ok(await root.lookup(dir, 'two'))
    ok(await root.write(object.data, 0n, 'shared'))
    t.equal(Buffer.from(ok(await root.read(file, 0n, 10)).data).toString(), 'shared')
  })

  behaviour('moves the file’s ctime, not its mtime', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'one'))
    const mtime = { seconds: 1000, nseconds: 0 }
    ok(await root.setattr(file, { mtime }))
    const before = await attributesOf(root, file)
    ok(await root.link(file, dir, 'two'))
    const after = await attributesOf(root, file)
    t.same(after.mtime, mtime)
    t.ok(after.ctime.seconds >= before.ctime.seconds)
  })

  behaviour('over a name that is there is EXIST, with attributes of both', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'one'))
    ok(await root.create(dir, 'two'))
    const { file_attributes, linkdir_wcc } = failed(await root.link(file, dir, 'two'), 'NFS3ERR_EXIST')
    t.same(file_attributes, await attributesOf(root, file))
    t.same(linkdir_wcc.after, await attributesOf(root, dir))
    t.equal(statusOf(await root.link(file, dir, 'one')), 'NFS3ERR_EXIST', 'also its own')
  })

  behaviour('to a directory is ISDIR', async (t, { root, dir }) => {
    const directory = made(await root.mkdir(dir, 'directory'))
    t.equal(statusOf(await root.link(directory, dir, 'second')), 'NFS3ERR_ISDIR')
  })

  behaviour('to a symbolic link and to a fifo links the thing itself', async (t, { root, dir }) => {
    ok(await root.create(dir, 'target'))
    const link = made(await root.symlink(dir, 'link', 'target'))
    ok(await root.link(link, dir, 'second'))
    t.same(ok(await root.lookup(dir, 'second')).object.data, link)
    const fifo = made(await root.mkfifo(dir, 'fifo'))
    t.equal(ok(await root.link(fifo, dir, 'second fifo')).file_attributes?.nlink, 2)
  })

  behaviour('in what is no directory is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'one'))
    const other = made(await root.create(dir, 'other'))
    t.equal(statusOf(await root.link(file, other, 'x')), 'NFS3ERR_NOTDIR')
  })

  behaviour('needs permission on the directory', async (t, { alice, bob, dir }) => {
    const mine = made(await alice.mkdir(dir, 'mine', { mode: 0o755 }))
    const file = made(await bob.create(dir, 'file'))
    const { linkdir_wcc } = failed(await bob.link(file, mine, 'x'), 'NFS3ERR_ACCES')
    t.same(linkdir_wcc.after, await attributesOf(alice, mine))
    t.equal((await attributesOf(bob, file)).nlink, 1)
  })

  behaviour(
    'of a file in a place that the caller cannot search works by handle',
    async (t, { alice, dir }) => {
      const closed = made(await alice.mkdir(dir, 'closed', { mode: 0o300 }))
      const file = made(await alice.create(closed, 'file'))
      ok(await alice.link(file, dir, 'linked'))
      t.same(ok(await alice.lookup(dir, 'linked')).object.data, file)
    },
  )
})
