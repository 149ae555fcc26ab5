import { onEveryBackEndAndFuse, type Stage } from '../../fixtures/back-ends.ts'
import {
  attributesOf,
  failed,
  type Handle,
  made,
  ok,
  statusOf,
  wccAttributes,
} from '../../fixtures/nfs-client.ts'

async function namesIn({ root }: Stage, directory: Handle): Promise<string[]> {
  const { reply } = ok(await root.readdir(directory))
  return reply.entries.map(({ name }) => Buffer.from(name).toString()).sort()
}

onEveryBackEndAndFuse('RENAME', (behaviour) => {
  behaviour('gives the object another name, and keeps its handle', async (t, stage) => {
    const { root, dir } = stage
    const file = made(await root.create(dir, 'old'))
    const before = await attributesOf(root, dir)
    const { fromdir_wcc, todir_wcc } = ok(await root.rename(dir, 'old', dir, 'new'))
    t.same(fromdir_wcc.before, wccAttributes(before))
    t.same(fromdir_wcc.after, await attributesOf(root, dir))
    t.same(todir_wcc.after, await attributesOf(root, dir))
    t.same(await namesIn(stage, dir), ['.', '..', 'new'])
    t.same(ok(await root.lookup(dir, 'new')).object.data, file)
  })

  behaviour('moves between directories, with wcc data of both', async (t, stage) => {
    const { root, dir } = stage
    const one = made(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(dir, 'two'))
    const file = made(await root.create(one, 'file'))
    const before = [await attributesOf(root, one), await attributesOf(root, two)]
    const { fromdir_wcc, todir_wcc } = ok(await root.rename(one, 'file', two, 'moved'))
    t.same([fromdir_wcc.before, todir_wcc.before], before.map(wccAttributes))
    t.same(fromdir_wcc.after, await attributesOf(root, one))
    t.same(todir_wcc.after, await attributesOf(root, two))
    t.same(await namesIn(stage, one), ['.', '..'])
    t.same(ok(await root.lookup(two, 'moved')).object.data, file)
  })

  behaviour('replaces a file that has the new name', async (t, stage) => {
    const { root, dir } = stage
    const file = made(await root.create(dir, 'file'))
    const replaced = made(await root.create(dir, 'replaced'))
    ok(await root.rename(dir, 'file', dir, 'replaced'))
    t.same(await namesIn(stage, dir), ['.', '..', 'replaced'])
    t.same(ok(await root.lookup(dir, 'replaced')).object.data, file)
    t.equal(statusOf(await root.getattr(replaced)), 'NFS3ERR_STALE')
  })

  behaviour('replacing one name of two leaves the other', async (t, { root, dir }) => {
    const linked = made(await root.create(dir, 'one'))
    ok(await root.link(linked, dir, 'two'))
    ok(await root.create(dir, 'file'))
    ok(await root.rename(dir, 'file', dir, 'one'))
    t.equal((await attributesOf(root, linked)).nlink, 1)
    t.same(ok(await root.lookup(dir, 'two')).object.data, linked)
  })

  behaviour('between two names of one file does nothing', async (t, stage) => {
    const { root, dir } = stage
    const file = made(await root.create(dir, 'one'))
    ok(await root.link(file, dir, 'two'))
    ok(await root.rename(dir, 'one', dir, 'two'))
    t.same(await namesIn(stage, dir), ['.', '..', 'one', 'two'])
    t.equal((await attributesOf(root, file)).nlink, 2)
  })

  behaviour('to the same name does nothing', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.rename(dir, 'file', dir, 'file'))
    t.same(ok(await root.lookup(dir, 'file')).object.data, file)
  })

  behaviour('of a missing name is NOENT, with wcc data of both', async (t, { root, dir }) => {
    const other = made(await root.mkdir(dir, 'other'))
    const { fromdir_wcc, todir_wcc } = failed(await root.rename(dir, 'missing', other, 'x'), 'NFS3ERR_NOENT')
    t.same(fromdir_wcc.after, await attributesOf(root, dir))
    t.same(todir_wcc.after, await attributesOf(root, other))
  })

  behaviour('moves a directory with all that is in it', async (t, { root, dir }) => {
    const one = made(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(dir, 'two'))
    const child = made(await root.mkdir(one, 'child'))
    const file = made(await root.create(child, 'file'))
    const before = [await attributesOf(root, one), await attributesOf(root, two)]
    ok(await root.rename(one, 'child', two, 'child'))
    t.same(ok(await root.lookup(child, 'file')).object.data, file)
    const after = [await attributesOf(root, one), await attributesOf(root, two)]
    t.equal(before[0]!.nlink + before[1]!.nlink, after[0]!.nlink + after[1]!.nlink)
    t.equal(before[0]!.nlink - after[0]!.nlink, after[1]!.nlink - before[1]!.nlink)
  })

  behaviour('of a directory onto an empty one replaces it', async (t, { root, dir }) => {
    const one = made(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(dir, 'two'))
    ok(await root.rename(dir, 'one', dir, 'two'))
    t.same(ok(await root.lookup(dir, 'two')).object.data, one)
    t.equal(statusOf(await root.getattr(two)), 'NFS3ERR_STALE')
  })

  behaviour('of a directory onto one with something in it is NOTEMPTY', async (t, { root, dir }) => {
    ok(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(dir, 'two'))
    ok(await root.create(two, 'file'))
    const status = statusOf(await root.rename(dir, 'one', dir, 'two'))
    t.ok(['NFS3ERR_NOTEMPTY', 'NFS3ERR_EXIST'].includes(status), status)
    ok(await root.lookup(dir, 'one'))
  })

  behaviour(
    'of a directory onto a file is NOTDIR, of a file onto a directory ISDIR',
    async (t, { root, dir }) => {
      ok(await root.mkdir(dir, 'directory'))
      ok(await root.create(dir, 'file'))
      t.equal(statusOf(await root.rename(dir, 'directory', dir, 'file')), 'NFS3ERR_NOTDIR')
      t.equal(statusOf(await root.rename(dir, 'file', dir, 'directory')), 'NFS3ERR_ISDIR')
    },
  )

  behaviour('of a directory into itself or below is INVAL', async (t, { root, dir }) => {
    const one = made(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(one, 'two'))
    t.equal(statusOf(await root.rename(dir, 'one', one, 'x')), 'NFS3ERR_INVAL')
    t.equal(statusOf(await root.rename(dir, 'one', two, 'x')), 'NFS3ERR_INVAL')
    t.same(ok(await root.lookup(dir, 'one')).object.data, one)
  })

  behaviour('onto an ancestor is NOTEMPTY', async (t, { root, dir }) => {
    const one = made(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(one, 'two'))
    ok(await root.mkdir(two, 'three'))
    t.equal(statusOf(await root.rename(two, 'three', dir, 'one')), 'NFS3ERR_NOTEMPTY')
  })

  behaviour('of a symbolic link moves the link', async (t, { root, dir }) => {
    ok(await root.create(dir, 'target'))
    const link = made(await root.symlink(dir, 'link', 'target'))
    ok(await root.rename(dir, 'link', dir, 'moved'))
    t.same(ok(await root.lookup(dir, 'moved')).object.data, link)
    t.equal(statusOf(await root.lookup(dir, 'target')), 'NFS3_OK')
  })

  behaviour('from or to what is no directory is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.create(dir, 'other'))
    t.equal(statusOf(await root.rename(file, 'x', dir, 'y')), 'NFS3ERR_NOTDIR')
    t.equal(statusOf(await root.rename(dir, 'other', file, 'y')), 'NFS3ERR_NOTDIR')
  })

  behaviour('needs permission on both directories', async (t, { alice, bob, dir }) => {
    const mine = made(await alice.mkdir(dir, 'mine', { mode: 0o755 }))
    const open = made(await alice.mkdir(dir, 'open', { mode: 0o777 }))
    ok(await alice.create(mine, 'file'))
    ok(await alice.create(open, 'file'))
    const { fromdir_wcc } = failed(await bob.rename(mine, 'file', open, 'x'), 'NFS3ERR_ACCES')
    t.same(fromdir_wcc.after, await attributesOf(alice, mine))
    t.equal(statusOf(await bob.rename(open, 'file', mine, 'x')), 'NFS3ERR_ACCES')
    t.equal(statusOf(await bob.rename(open, 'file', open, 'x')), 'NFS3_OK')
  })

  behaviour('of a directory to another parent needs permission on it', async (t, { alice, bob, dir }) => {
    const open = made(await alice.mkdir(dir, 'open', { mode: 0o777 }))
    ok(await alice.mkdir(dir, 'closed', { mode: 0o755 }))
    t.equal(statusOf(await bob.rename(dir, 'closed', open, 'closed')), 'NFS3ERR_ACCES')
    t.equal(statusOf(await bob.rename(dir, 'closed', dir, 'renamed')), 'NFS3_OK', 'not for a new name only')
  })

  behaviour('moves mtime and ctime of both directories', async (t, { root, dir }) => {
    const one = made(await root.mkdir(dir, 'one'))
    const two = made(await root.mkdir(dir, 'two'))
    ok(await root.create(one, 'file'))
    for (const directory of [one, two]) {
      ok(await root.setattr(directory, { mtime: { seconds: 1000, nseconds: 0 } }))
    }
    ok(await root.rename(one, 'file', two, 'file'))
    t.ok((await attributesOf(root, one)).mtime.seconds > 1000)
    t.ok((await attributesOf(root, two)).mtime.seconds > 1000)
  })
})
