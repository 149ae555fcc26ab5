import { onEveryBackEndAndFuse } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf } from '../../fixtures/nfs-client.ts'

onEveryBackEndAndFuse('LOOKUP', (behaviour) => {
  behaviour(
    'has new attributes under every name of a file, whichever was changed',
    async (t, { root, dir }) => {
      const file = made(await root.create(dir, 'one', { mode: 0o640 }))
      ok(await root.link(file, dir, 'two'))
      for (const mode of [0o600, 0o644, 0o400]) {
        ok(await root.lookup(dir, 'two'))
        ok(await root.setattr(file, { mode }))
        for (const name of ['one', 'two']) {
          t.equal(ok(await root.lookup(dir, name)).obj_attributes?.mode, mode, name)
        }
      }
    },
  )

  behaviour('finds a file, with its attributes and the directory’s', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const found = ok(await root.lookup(dir, 'file'))
    t.same(found.object.data, file, 'the same handle as CREATE gave')
    t.same(found.obj_attributes, await attributesOf(root, file))
    t.same(found.dir_attributes, await attributesOf(root, dir))
  })

  behaviour('of a missing name is NOENT, with the directory’s attributes', async (t, { root, dir }) => {
    const { dir_attributes } = failed(await root.lookup(dir, 'missing'), 'NFS3ERR_NOENT')
    t.same(dir_attributes, await attributesOf(root, dir))
  })

  behaviour('of "." is the directory', async (t, { root, dir }) => {
    const { object, obj_attributes } = ok(await root.lookup(dir, '.'))
    t.same(object.data, dir)
    t.same(obj_attributes, await attributesOf(root, dir))
  })

  behaviour('of ".." is the parent', async (t, { root, dir }) => {
    const child = made(await root.mkdir(dir, 'child'))
    t.same(ok(await root.lookup(child, '..')).object.data, dir)
  })

  behaviour('of ".." in the export’s root stays there', async (t, { root, exportRoot }) => {
    t.same(ok(await root.lookup(exportRoot, '..')).object.data, exportRoot)
  })

  behaviour('of ".." follows a directory that was moved', async (t, { root, dir }) => {
    const one = made(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(dir, 'two'))
    const child = made(await root.mkdir(one, 'child'))
    ok(await root.rename(one, 'child', two, 'child'))
    t.same(ok(await root.lookup(child, '..')).object.data, two)
  })

  behaviour('in a file is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const { dir_attributes } = failed(await root.lookup(file, 'x'), 'NFS3ERR_NOTDIR')
    t.ok(dir_attributes === undefined || dir_attributes.type === 1, 'attributes, if any, are the file’s')
  })

  behaviour('in a symbolic link is NOTDIR: links are the client’s to follow', async (t, { root, dir }) => {
    made(await root.mkdir(dir, 'target'))
    const link = made(await root.symlink(dir, 'link', 'target'))
    t.equal(statusOf(await root.lookup(link, 'x')), 'NFS3ERR_NOTDIR')
  })

  behaviour('finds the symbolic link itself', async (t, { root, dir }) => {
    const link = made(await root.symlink(dir, 'link', 'nowhere'))
    const found = ok(await root.lookup(dir, 'link'))
    t.same(found.object.data, link)
    t.equal(found.obj_attributes?.type, 5)
  })

  behaviour('is case sensitive', async (t, { root, dir }) => {
    made(await root.create(dir, 'Name'))
    t.equal(statusOf(await root.lookup(dir, 'name')), 'NFS3ERR_NOENT')
  })

  behaviour('takes names that are not UTF-8, and tells them apart', async (t, { root, dir }) => {
    const one = made(await root.create(dir, Buffer.from([0xff, 0xfe, 0x80])))
    const two = made(await root.create(dir, Buffer.from([0xff, 0xfe, 0x81])))
    t.notSame(one, two)
    t.same(ok(await root.lookup(dir, Buffer.from([0xff, 0xfe, 0x80]))).object.data, one)
    t.same(ok(await root.lookup(dir, Buffer.from([0xff, 0xfe, 0x81]))).object.data, two)
  })

  behaviour('needs permission to search the directory', async (t, { root, alice, bob, dir }) => {
    const closed = made(await alice.mkdir(dir, 'closed', { mode: 0o700 }))
    made(await alice.create(closed, 'file'))
    t.equal(statusOf(await bob.lookup(closed, 'file')), 'NFS3ERR_ACCES')
    t.equal(statusOf(await bob.lookup(closed, 'missing')), 'NFS3ERR_ACCES', 'nor tells what is not there')
    ok(await alice.lookup(closed, 'file'))
    ok(await root.lookup(closed, 'file'))
  })

  behaviour('needs no permission to read the directory', async (t, { alice, bob, dir }) => {
    const searchable = made(await alice.mkdir(dir, 'searchable', { mode: 0o711 }))
    const file = made(await alice.create(searchable, 'file'))
    t.same(ok(await bob.lookup(searchable, 'file')).object.data, file)
  })

  behaviour('finds the same object by all of its names', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'one'))
    ok(await root.link(file, dir, 'two'))
    t.same(ok(await root.lookup(dir, 'two')).object.data, file)
  })
})
