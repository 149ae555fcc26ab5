/** REMOVE and RMDIR. */
import { onEveryBackEndAndFuse } from '../../fixtures/back-ends.ts'
import { attributesOf, failed, made, ok, statusOf, wccAttributes } from '../../fixtures/nfs-client.ts'

onEveryBackEndAndFuse('REMOVE and RMDIR', (behaviour) => {
  behaviour('REMOVE takes the name away, with wcc data', async (t, { root, dir }) => {
    ok(await root.create(dir, 'file'))
    const before = await attributesOf(root, dir)
    const { dir_wcc } = ok(await root.remove(dir, 'file'))
    t.same(dir_wcc.before, wccAttributes(before))
    t.same(dir_wcc.after, await attributesOf(root, dir))
    t.equal(statusOf(await root.lookup(dir, 'file')), 'NFS3ERR_NOENT')
  })

  behaviour('REMOVE of the last name makes the handle stale', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.remove(dir, 'file'))
    t.equal(statusOf(await root.getattr(file)), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.read(file, 0n, 1)), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.write(file, 0n, 'x')), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.setattr(file, { mode: 0 })), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.commit(file)), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.access(file)), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.link(file, dir, 'new')), 'NFS3ERR_STALE')
  })

  behaviour('a new file of the old name has another handle', async (t, { root, dir }) => {
    const old = made(await root.create(dir, 'file'))
    ok(await root.write(old, 0n, 'old'))
    ok(await root.remove(dir, 'file'))
    const young = made(await root.create(dir, 'file'))
    t.notSame(young, old)
    t.equal(statusOf(await root.getattr(old)), 'NFS3ERR_STALE')
    t.equal((await attributesOf(root, young)).size, 0n)
  })

  behaviour('REMOVE of one name of two leaves the other', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'one'))
    ok(await root.link(file, dir, 'two'))
    ok(await root.remove(dir, 'one'))
    t.equal((await attributesOf(root, file)).nlink, 1)
    t.same(ok(await root.lookup(dir, 'two')).object.data, file)
  })

  behaviour(
    'nothing is left of files that were in use, so their directory goes',
    async (t, { root, dir }) => {
      const below = made(await root.mkdir(dir, 'below'))
      for (const name of ['removed', 'replaced', 'replacing']) {
        const file = made(await root.create(below, name))
        ok(await root.write(file, 0n, 'some data'))
        ok(await root.read(file, 0n, 9))
      }
      ok(await root.remove(below, 'removed'))
      ok(await root.rename(below, 'replacing', below, 'replaced'))
      ok(await root.remove(below, 'replaced'))
      t.equal(statusOf(await root.rmdir(dir, 'below')), 'NFS3_OK')
    },
  )

  behaviour('REMOVE of a missing name is NOENT, with wcc data', async (t, { root, dir }) => {
    const { dir_wcc } = failed(await root.remove(dir, 'missing'), 'NFS3ERR_NOENT')
    t.same(dir_wcc.after, await attributesOf(root, dir))
  })

  behaviour('REMOVE of a directory is ISDIR', async (t, { root, dir }) => {
    ok(await root.mkdir(dir, 'directory'))
    t.equal(statusOf(await root.remove(dir, 'directory')), 'NFS3ERR_ISDIR')
    ok(await root.lookup(dir, 'directory'))
  })

  behaviour('REMOVE takes links, fifos and the like, not what they point to', async (t, { root, dir }) => {
    ok(await root.create(dir, 'target'))
    ok(await root.symlink(dir, 'link', 'target'))
    ok(await root.mkfifo(dir, 'fifo'))
    t.equal(statusOf(await root.remove(dir, 'link')), 'NFS3_OK')
    t.equal(statusOf(await root.remove(dir, 'fifo')), 'NFS3_OK')
    t.equal(statusOf(await root.lookup(dir, 'target')), 'NFS3_OK')
  })

  behaviour('REMOVE in a file is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    t.equal(statusOf(await root.remove(file, 'x')), 'NFS3ERR_NOTDIR')
    t.equal(statusOf(await root.rmdir(file, 'x')), 'NFS3ERR_NOTDIR')
  })

  behaviour(
    'REMOVE needs permission on the directory, not on the file',
    async (t, { root, alice, bob, dir }) => {
      const mine = made(await alice.mkdir(dir, 'mine', { mode: 0o755 }))
      ok(await root.create(mine, 'file', { mode: 0 }))
      const { dir_wcc } = failed(await bob.remove(mine, 'file'), 'NFS3ERR_ACCES')
      t.same(dir_wcc.after, await attributesOf(alice, mine))
      t.equal(statusOf(await alice.remove(mine, 'file')), 'NFS3_OK')
    },
  )

  behaviour('in a sticky directory names are their owner’s', async (t, { root, alice, bob, dir }) => {
    const tmp = made(await root.mkdir(dir, 'tmp', { mode: 0o1777 }))
    ok(await alice.create(tmp, 'file', { mode: 0o666 }))
    ok(await alice.mkdir(tmp, 'directory', { mode: 0o777 }))
    t.equal(statusOf(await bob.remove(tmp, 'file')), 'NFS3ERR_PERM')
    t.equal(statusOf(await bob.rmdir(tmp, 'directory')), 'NFS3ERR_PERM')
    t.equal(statusOf(await bob.rename(tmp, 'file', tmp, 'mine-now')), 'NFS3ERR_PERM')
    ok(await bob.create(tmp, 'bobs'))
    t.equal(statusOf(await bob.rename(tmp, 'bobs', tmp, 'file')), 'NFS3ERR_PERM', 'nor by replacing')
    t.equal(statusOf(await alice.remove(tmp, 'file')), 'NFS3_OK')
    t.equal(statusOf(await root.rmdir(tmp, 'directory')), 'NFS3_OK')
  })

  behaviour('the owner of a sticky directory takes all names', async (t, { alice, bob, dir }) => {
    const tmp = made(await alice.mkdir(dir, 'tmp', { mode: 0o1777 }))
    ok(await bob.create(tmp, 'file'))
    t.equal(statusOf(await alice.remove(tmp, 'file')), 'NFS3_OK')
  })

  behaviour('RMDIR takes an empty directory, with wcc data', async (t, { root, dir }) => {
    const child = made(await root.mkdir(dir, 'child'))
    const before = await attributesOf(root, dir)
    const { dir_wcc } = ok(await root.rmdir(dir, 'child'))
    t.same(dir_wcc.before, wccAttributes(before))
    t.same(dir_wcc.after, await attributesOf(root, dir))
    t.equal(statusOf(await root.lookup(dir, 'child')), 'NFS3ERR_NOENT')
    t.equal(statusOf(await root.getattr(child)), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.readdir(child)), 'NFS3ERR_STALE')
    t.equal(statusOf(await root.create(child, 'x')), 'NFS3ERR_STALE')
  })

  behaviour('RMDIR of a directory with something in it is NOTEMPTY', async (t, { root, dir }) => {
    const child = made(await root.mkdir(dir, 'child'))
    ok(await root.create(child, 'file'))
    const { dir_wcc } = failed(await root.rmdir(dir, 'child'), 'NFS3ERR_NOTEMPTY')
    t.same(dir_wcc.after, await attributesOf(root, dir))
    ok(await root.remove(child, 'file'))
    t.equal(statusOf(await root.rmdir(dir, 'child')), 'NFS3_OK')
  })

  behaviour('RMDIR of what is no directory is NOTDIR', async (t, { root, dir }) => {
    ok(await root.create(dir, 'file'))
    ok(await root.mkdir(dir, 'directory'))
    ok(await root.symlink(dir, 'link', 'directory'))
    t.equal(statusOf(await root.rmdir(dir, 'file')), 'NFS3ERR_NOTDIR')
    t.equal(statusOf(await root.rmdir(dir, 'link')), 'NFS3ERR_NOTDIR')
  })

  behaviour('RMDIR of a missing name is NOENT', async (t, { root, dir }) => {
    t.equal(statusOf(await root.rmdir(dir, 'missing')), 'NFS3ERR_NOENT')
  })

  behaviour('RMDIR needs permission', async (t, { alice, bob, dir }) => {
    const mine = made(await alice.mkdir(dir, 'mine', { mode: 0o755 }))
    ok(await alice.mkdir(mine, 'child', { mode: 0o777 }))
    t.equal(statusOf(await bob.rmdir(mine, 'child')), 'NFS3ERR_ACCES')
  })

  behaviour('REMOVE gives the storage back', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, Buffer.alloc(1 << 20, 1)))
    ok(await root.write(file, 1n << 20n, Buffer.alloc(1 << 20, 1)))
    t.ok((await attributesOf(root, file)).used >= 1n << 20n)
    ok(await root.setattr(file, { size: 0n }))
    t.ok((await attributesOf(root, file)).used < 1n << 20n)
    ok(await root.remove(dir, 'file'))
  })
})
