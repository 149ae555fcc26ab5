/** Objects without bytes, and objects that are gone: every procedure has an answer for them, and none waits. */
import { ftype3 } from '../../../nfs-server/xdr/generated/nfs3.ts'
import { onEveryBackEnd, type Stage } from '../../fixtures/back-ends.ts'
import { attributesOf, type Handle, made, ok, statusOf, toWire } from '../../fixtures/nfs-client.ts'

async function everyKind({ root, dir }: Stage): Promise<Record<string, Handle>> {
  const device = (type: 3 | 4) => ({
    type,
    device: { dev_attributes: toWire({ mode: 0o666 }), spec: { specdata1: 1, specdata2: 3 } },
  })
  const socket = { type: ftype3.NF3SOCK, pipe_attributes: toWire({ mode: 0o666 }) }
  return {
    fifo: made(await root.mkfifo(dir, 'fifo', { mode: 0o666 })),
    socket: made(await root.mknod(dir, 'socket', socket)),
    character: made(await root.mknod(dir, 'character', device(ftype3.NF3CHR))),
    block: made(await root.mknod(dir, 'block', device(ftype3.NF3BLK))),
    link: made(await root.symlink(dir, 'link', 'character')),
  }
}

onEveryBackEnd('Special objects', (behaviour) => {
  behaviour('READ, WRITE and COMMIT are INVAL: a device of the server is never opened', async (t, stage) => {
    const { root, alice } = stage
    for (const [kind, handle] of Object.entries(await everyKind(stage))) {
      for (const client of [root, alice]) {
        t.equal(statusOf(await client.read(handle, 0n, 10)), 'NFS3ERR_INVAL', kind)
        t.equal(statusOf(await client.write(handle, 0n, 'x')), 'NFS3ERR_INVAL', kind)
        t.equal(statusOf(await client.write(handle, 0n, '')), 'NFS3ERR_INVAL', kind)
        t.equal(statusOf(await client.commit(handle)), 'NFS3ERR_INVAL', kind)
        t.equal(statusOf(await client.read(handle, 0n, 0)), 'NFS3ERR_INVAL', kind)
      }
    }
  })

  behaviour('SETATTR changes mode, owner and times of all but links’ modes', async (t, stage) => {
    const { root } = stage
    const mtime = { seconds: 1000, nseconds: 7 }
    for (const [kind, handle] of Object.entries(await everyKind(stage))) {
      ok(await root.setattr(handle, { uid: 1001, gid: 1001, mtime }))
      t.match(await attributesOf(root, handle), { uid: 1001, gid: 1001, mtime }, kind)
      if (kind === 'link') continue
      ok(await root.setattr(handle, { mode: 0o640 }))
      t.equal((await attributesOf(root, handle)).mode, 0o640, kind)
    }
  })

  behaviour('ACCESS goes by their modes', async (t, stage) => {
    const { root, alice } = stage
    const { fifo, character } = await everyKind(stage)
    t.equal(ok(await alice.access(fifo!)).access, 1 | 4 | 8)
    ok(await root.setattr(character!, { mode: 0o600 }))
    t.equal(ok(await alice.access(character!)).access, 0)
  })

  behaviour('directory procedures on them are NOTDIR', async (t, stage) => {
    const { root, dir } = stage
    for (const [kind, handle] of Object.entries(await everyKind(stage))) {
      t.equal(statusOf(await root.lookup(handle, 'x')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.create(handle, 'x')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.mkdir(handle, 'x')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.symlink(handle, 'x', 'y')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.mkfifo(handle, 'x')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.remove(handle, 'x')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.rmdir(handle, 'x')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.rename(dir, 'fifo', handle, 'x')), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.readdir(handle)), 'NFS3ERR_NOTDIR', kind)
      t.equal(statusOf(await root.readdirplus(handle)), 'NFS3ERR_NOTDIR', kind)
    }
  })

  behaviour('they are renamed, linked and removed like files', async (t, stage) => {
    const { root, dir } = stage
    for (const [kind, handle] of Object.entries(await everyKind(stage))) {
      ok(await root.rename(dir, kind, dir, 'renamed'))
      ok(await root.link(handle, dir, 'second'))
      t.equal((await attributesOf(root, handle)).nlink, 2, kind)
      ok(await root.remove(dir, 'renamed'))
      t.same(ok(await root.lookup(dir, 'second')).object.data, handle, kind)
      ok(await root.remove(dir, 'second'))
      t.equal(statusOf(await root.getattr(handle)), 'NFS3ERR_STALE', kind)
    }
  })

  behaviour('in a directory that is gone everything is STALE', async (t, { root, dir }) => {
    const gone = made(await root.mkdir(dir, 'gone'))
    ok(await root.create(dir, 'file'))
    ok(await root.rmdir(dir, 'gone'))
    const results = {
      GETATTR: await root.getattr(gone),
      LOOKUP: await root.lookup(gone, 'x'),
      'LOOKUP of "."': await root.lookup(gone, '.'),
      'LOOKUP of ".."': await root.lookup(gone, '..'),
      ACCESS: await root.access(gone),
      SETATTR: await root.setattr(gone, { mode: 0o700 }),
      CREATE: await root.create(gone, 'x'),
      MKDIR: await root.mkdir(gone, 'x'),
      SYMLINK: await root.symlink(gone, 'x', 'y'),
      MKNOD: await root.mkfifo(gone, 'x'),
      REMOVE: await root.remove(gone, 'x'),
      RMDIR: await root.rmdir(gone, 'x'),
      'RENAME to': await root.rename(dir, 'file', gone, 'x'),
      'RENAME from': await root.rename(gone, 'x', dir, 'y'),
      READDIR: await root.readdir(gone),
      READDIRPLUS: await root.readdirplus(gone),
    }
    for (const [procedure, result] of Object.entries(results)) {
      t.equal(statusOf(result), 'NFS3ERR_STALE', procedure)
    }
    t.equal(statusOf(await root.lookup(dir, 'file')), 'NFS3_OK')
  })

  behaviour('a name that comes back is another object', async (t, { root, dir }) => {
    const handles: Handle[] = []
    for (let round = 0; round < 20; round++) {
      handles.push(made(await root.create(dir, 'name')))
      ok(await root.remove(dir, 'name'))
      handles.push(made(await root.mkdir(dir, 'name')))
      ok(await root.rmdir(dir, 'name'))
    }
    const texts = handles.map((handle) => Buffer.from(handle).toString('hex'))
    t.equal(new Set(texts).size, texts.length)
    for (const handle of handles) t.equal(statusOf(await root.getattr(handle)), 'NFS3ERR_STALE')
  })
})
