/** Handles that the server never made, or made for somebody else: RFC 1813, section 2.5. */
import { onEveryBackEnd, type Stage } from '../../fixtures/back-ends.ts'
import { type Handle, made, ok, statusOf } from '../../fixtures/nfs-client.ts'

type Call = (stage: Stage, handle: Handle) => Promise<{ readonly status: number }>

const calls: Record<string, Call> = {
  GETATTR: ({ root }, handle) => root.getattr(handle),
  SETATTR: ({ root }, handle) => root.setattr(handle, { mode: 0 }),
  LOOKUP: ({ root }, handle) => root.lookup(handle, 'x'),
  ACCESS: ({ root }, handle) => root.access(handle),
  READLINK: ({ root }, handle) => root.readlink(handle),
  READ: ({ root }, handle) => root.read(handle, 0n, 10),
  WRITE: ({ root }, handle) => root.write(handle, 0n, 'x'),
  CREATE: ({ root }, handle) => root.create(handle, 'x'),
  MKDIR: ({ root }, handle) => root.mkdir(handle, 'x'),
  SYMLINK: ({ root }, handle) => root.symlink(handle, 'x', 'target'),
  MKNOD: ({ root }, handle) => root.mkfifo(handle, 'x'),
  REMOVE: ({ root }, handle) => root.remove(handle, 'x'),
  RMDIR: ({ root }, handle) => root.rmdir(handle, 'x'),
  'RENAME from': ({ root, dir }, handle) => root.rename(handle, 'x', dir, 'y'),
  'RENAME to': async ({ root, dir }, handle) => root.rename(dir, 'file', handle, 'y'),
  'LINK of': ({ root, dir }, handle) => root.link(handle, dir, 'x'),
  'LINK in': async ({ root, dir }, handle) => {
    const { object } = ok(await root.lookup(dir, 'file'))
    return root.link(object.data, handle, 'x')
  },
  READDIR: ({ root }, handle) => root.readdir(handle),
  READDIRPLUS: ({ root }, handle) => root.readdirplus(handle),
  FSSTAT: ({ root }, handle) => root.fsstat(handle),
  FSINFO: ({ root }, handle) => root.fsinfo(handle),
  PATHCONF: ({ root }, handle) => root.pathconf(handle),
  COMMIT: ({ root }, handle) => root.commit(handle),
}

onEveryBackEnd('Handles', (behaviour) => {
  for (const [procedure, call] of Object.entries(calls)) {
    behaviour(`${procedure} of garbage is BADHANDLE`, async (t, stage) => {
      ok(await stage.root.create(stage.dir, 'file'))
      const garbage = [new Uint8Array(0), Buffer.alloc(1), Buffer.alloc(64), Buffer.alloc(64, 0xff)]
      garbage.push(Buffer.alloc(stage.dir.length), Buffer.from('root'))
      for (const handle of garbage) {
        const status = statusOf(await call(stage, handle))
        t.equal(status, 'NFS3ERR_BADHANDLE', Buffer.from(handle).toString('hex'))
      }
    })
  }

  behaviour('a handle with any bit turned is BADHANDLE', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const wrong: string[] = []
    for (let bit = 0; bit < file.length * 8; bit++) {
      const forged = Buffer.from(file)
      forged[bit >> 3]! ^= 1 << (bit & 7)
      const status = statusOf(await root.getattr(forged))
      if (status !== 'NFS3ERR_BADHANDLE') wrong.push(`bit ${bit}: ${status}`)
    }
    t.same(wrong, [])
  })

  behaviour('a handle cut short or made longer is BADHANDLE', async (t, { root, dir }) => {
    for (let length = 0; length < dir.length; length++) {
      t.equal(statusOf(await root.getattr(dir.subarray(0, length))), 'NFS3ERR_BADHANDLE', `${length} bytes`)
    }
    if (dir.length < 64) {
      t.equal(statusOf(await root.getattr(Buffer.concat([dir, Buffer.alloc(1)]))), 'NFS3ERR_BADHANDLE')
    }
  })

  behaviour('a handle is at most 64 bytes', async (t, { root, dir }) => {
    t.ok(dir.length <= 64)
    t.ok(made(await root.create(dir, 'file')).length <= 64)
  })

  behaviour(
    'a handle is the same by CREATE, LOOKUP, READDIRPLUS and after a rename',
    async (t, { root, dir }) => {
      const file = made(await root.create(dir, 'file'))
      t.same(ok(await root.lookup(dir, 'file')).object.data, file)
      ok(await root.rename(dir, 'file', dir, 'renamed'))
      const { reply } = ok(await root.readdirplus(dir))
      const entry = reply.entries.find(({ name }) => Buffer.from(name).toString() === 'renamed')
      t.same(entry?.name_handle?.data, file)
    },
  )
})
