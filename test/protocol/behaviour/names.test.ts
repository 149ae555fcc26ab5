/** Names that are no names, or barely: RFC 1813, section 4.6, procedure by procedure. */
import { onEveryBackEnd, type Stage } from '../../fixtures/back-ends.ts'
import { made, type Name, ok, statusOf } from '../../fixtures/nfs-client.ts'

type Call = (stage: Stage, name: Name) => Promise<{ readonly status: number }>

const fifo = (stage: Stage, name: Name) => stage.root.mkfifo(stage.dir, name)

const linkTo: Call = async ({ root, dir }, name) => {
  const file = made(await root.create(dir, 'link-source'))
  return root.link(file, dir, name)
}

const renameTo: Call = async ({ root, dir }, name) => {
  made(await root.create(dir, 'rename-source'))
  return root.rename(dir, 'rename-source', dir, name)
}

const makers: Record<string, Call> = {
  CREATE: ({ root, dir }, name) => root.create(dir, name),
  'CREATE guarded': ({ root, dir }, name) => root.createGuarded(dir, name),
  'CREATE exclusive': ({ root, dir }, name) => root.createExclusive(dir, name, Buffer.alloc(8, 7)),
  MKDIR: ({ root, dir }, name) => root.mkdir(dir, name),
  SYMLINK: ({ root, dir }, name) => root.symlink(dir, name, 'target'),
  MKNOD: fifo,
  LINK: linkTo,
}

const takers: Record<string, Call> = {
  LOOKUP: ({ root, dir }, name) => root.lookup(dir, name),
  REMOVE: ({ root, dir }, name) => root.remove(dir, name),
  RMDIR: ({ root, dir }, name) => root.rmdir(dir, name),
  'RENAME from': ({ root, dir }, name) => root.rename(dir, name, dir, 'new'),
}

const all = { ...makers, 'RENAME to': renameTo, ...takers }

onEveryBackEnd('Names', (behaviour) => {
  for (const [procedure, call] of Object.entries(all)) {
    behaviour(`${procedure}: no empty names, none with a slash or a NUL`, async (t, stage) => {
      for (const name of ['', 'a/b', '/', '/etc', 'a\0b', '\0']) {
        t.equal(statusOf(await call(stage, name)), 'NFS3ERR_ACCES', JSON.stringify(name))
      }
    })

    behaviour(`${procedure}: 256 bytes are too long`, async (t, stage) => {
      t.equal(statusOf(await call(stage, 'n'.repeat(256))), 'NFS3ERR_NAMETOOLONG')
      t.equal(statusOf(await call(stage, 'n'.repeat(5000))), 'NFS3ERR_NAMETOOLONG')
    })
  }

  for (const [procedure, call] of Object.entries(makers)) {
    behaviour(`${procedure}: 255 bytes are allowed`, async (t, stage) => {
      t.equal(statusOf(await call(stage, 'n'.repeat(255))), 'NFS3_OK')
      t.equal(statusOf(await stage.root.lookup(stage.dir, 'n'.repeat(255))), 'NFS3_OK')
    })

    behaviour(`${procedure}: "." and ".." exist already`, async (t, stage) => {
      t.equal(statusOf(await call(stage, '.')), 'NFS3ERR_EXIST')
      t.equal(statusOf(await call(stage, '..')), 'NFS3ERR_EXIST')
    })
  }

  behaviour('RENAME: to 255 bytes, and back', async (t, { root, dir }) => {
    made(await root.create(dir, 'short'))
    ok(await root.rename(dir, 'short', dir, 'n'.repeat(255)))
    ok(await root.rename(dir, 'n'.repeat(255), dir, 'short'))
    t.equal(statusOf(await root.lookup(dir, 'n'.repeat(255))), 'NFS3ERR_NOENT')
  })

  behaviour('RENAME: neither from nor to "." and ".."', async (t, stage) => {
    for (const name of ['.', '..']) {
      t.equal(statusOf(await takers['RENAME from']!(stage, name)), 'NFS3ERR_INVAL')
      t.equal(statusOf(await renameTo(stage, name)), 'NFS3ERR_INVAL')
    }
  })

  behaviour('REMOVE: not "." and ".."', async (t, { root, dir }) => {
    t.equal(statusOf(await root.remove(dir, '.')), 'NFS3ERR_ACCES')
    t.equal(statusOf(await root.remove(dir, '..')), 'NFS3ERR_ACCES')
  })

  behaviour('RMDIR: "." is INVAL and ".." EXIST', async (t, { root, dir }) => {
    t.equal(statusOf(await root.rmdir(dir, '.')), 'NFS3ERR_INVAL')
    t.equal(statusOf(await root.rmdir(dir, '..')), 'NFS3ERR_EXIST')
  })

  behaviour('three dots are a name like any other', async (t, { root, dir }) => {
    const file = made(await root.create(dir, '...'))
    t.same(ok(await root.lookup(dir, '...')).object.data, file)
    ok(await root.remove(dir, '...'))
  })

  behaviour('a bad name in what is no directory is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    for (const name of ['', 'a/b', '.']) {
      t.equal(statusOf(await root.create(file, name)), 'NFS3ERR_NOTDIR', JSON.stringify(name))
      t.equal(statusOf(await root.rmdir(file, name)), 'NFS3ERR_NOTDIR', JSON.stringify(name))
    }
  })

  behaviour('control characters, spaces and backslashes are fine', async (t, { root, dir }) => {
    for (const name of ['a b', ' ', '\n', '\\', '*', '\x7f', '\u{1f600}']) {
      const file = made(await root.create(dir, name))
      t.same(ok(await root.lookup(dir, name)).object.data, file, JSON.stringify(name))
    }
  })
})
