/** What an export's rules make of callers: the file system sees the ids that they leave. */

import { errno } from '../../../nfs-server/vfs/errno.ts'
import { ACCESS3_LOOKUP, ACCESS3_READ } from '../../../nfs-server/xdr/generated/nfs3.ts'
import { onEveryBackEnd, rootCaller, type Stage } from '../../fixtures/back-ends.ts'
import type { ExportChanges } from '../../fixtures/native-core.ts'
import { attributesOf, failed, made, ok, statusOf } from '../../fixtures/nfs-client.ts'

/** Runs `test` under other rules; the stage's directory is made before. */
async function under(stage: Stage, changes: ExportChanges, test: () => Promise<unknown>): Promise<void> {
  stage.prepared.setExport(changes)
  try {
    await test()
  } finally {
    stage.prepared.setExport({})
  }
}

onEveryBackEnd('Export policy', (behaviour) => {
  behaviour('root_squash makes root nobody, and leaves the others', async (t, stage) => {
    const { root, alice, dir } = stage
    const file = made(await alice.create(dir, 'alices', { mode: 0o600 }))
    await under(stage, { squash: 'root_squash', anonuid: 1002, anongid: 1002 }, async () => {
      t.match(ok(await root.create(dir, 'roots')).obj_attributes, { uid: 1002, gid: 1002 })
      t.equal(statusOf(await root.read(file, 0n, 1)), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.setattr(file, { mode: 0o777 })), 'NFS3ERR_PERM')
      t.equal(ok(await root.access(file)).access, 0)
      t.match(ok(await alice.create(dir, 'new')).obj_attributes, { uid: 1001, gid: 1001 })
      t.equal(statusOf(await alice.read(file, 0n, 1)), 'NFS3_OK')
    })
  })

  behaviour('root_squash leaves groups other than root’s, as a Linux server does', async (t, stage) => {
    const { served, root, dir } = stage
    const rootInGroups = await served.connect({ uid: 0, gid: 0, gids: [0, 2000] })
    const file = made(await root.create(dir, 'file', { mode: 0o640 }))
    ok(await root.setattr(file, { gid: 2000 }))
    await under(stage, { squash: 'root_squash' }, async () => {
      t.equal(statusOf(await rootInGroups.read(file, 0n, 1)), 'NFS3_OK')
      t.equal(statusOf(await root.read(file, 0n, 1)), 'NFS3ERR_ACCES')
    })
  })

  behaviour('root_squash: a group of 0 is no root’s group', async (t, stage) => {
    const { served, root, dir } = stage
    const inRootsGroup = await served.connect({ uid: 1005, gid: 0, gids: [0] })
    const file = made(await root.create(dir, 'file', { mode: 0o640 }))
    await under(stage, { squash: 'root_squash' }, async () => {
      t.equal(statusOf(await inRootsGroup.read(file, 0n, 1)), 'NFS3ERR_ACCES')
    })
  })

  behaviour('all_squash makes everybody the same', async (t, stage) => {
    const { root, alice, bob, dir } = stage
    await under(stage, { squash: 'all_squash', anonuid: 4000, anongid: 4001 }, async () => {
      for (const [name, client] of Object.entries({ root, alice, bob })) {
        t.match(ok(await client.create(dir, name)).obj_attributes, { uid: 4000, gid: 4001 })
      }
      const { object } = ok(await bob.lookup(dir, 'alice'))
      t.equal(statusOf(await bob.setattr(object.data, { mode: 0o640 })), 'NFS3_OK', 'what is one’s is all’s')
    })
  })

  behaviour('AUTH_NONE is the anonymous user, whatever the squashing', async (t, stage) => {
    const anonymous = await stage.served.connect(undefined)
    for (const squash of ['root_squash', 'no_root_squash', 'all_squash'] as const) {
      await under(stage, { squash, anonuid: 4000, anongid: 4001 }, async () => {
        const { obj_attributes } = ok(await anonymous.create(stage.dir, squash))
        t.match(obj_attributes, { uid: 4000, gid: 4001 }, squash)
      })
    }
  })

  behaviour('a uid of -1 is nobody, not root', async (t, stage) => {
    const impossible = await stage.served.connect({ uid: 0xffffffff, gid: 0xffffffff })
    const secret = made(await stage.root.create(stage.dir, 'secret', { mode: 0o600 }))
    t.not(statusOf(await impossible.read(secret, 0n, 1)), 'NFS3_OK')
    t.not(statusOf(await impossible.setattr(secret, { mode: 0o777 })), 'NFS3_OK')
  })

  behaviour('a read-only export refuses every change with ROFS, and says what is there', async (t, stage) => {
    const { root, dir } = stage
    const file = made(await root.create(dir, 'file'))
    ok(await root.write(file, 0n, 'hello'))
    ok(await root.mkdir(dir, 'directory'))
    await under(stage, { readOnly: true }, async () => {
      const refused = {
        SETATTR: failed(await root.setattr(file, { mode: 0 }), 'NFS3ERR_ROFS').obj_wcc,
        WRITE: failed(await root.write(file, 0n, 'x'), 'NFS3ERR_ROFS').file_wcc,
        CREATE: failed(await root.create(dir, 'new'), 'NFS3ERR_ROFS').dir_wcc,
        MKDIR: failed(await root.mkdir(dir, 'new'), 'NFS3ERR_ROFS').dir_wcc,
        SYMLINK: failed(await root.symlink(dir, 'new', 'x'), 'NFS3ERR_ROFS').dir_wcc,
        MKNOD: failed(await root.mkfifo(dir, 'new'), 'NFS3ERR_ROFS').dir_wcc,
        REMOVE: failed(await root.remove(dir, 'file'), 'NFS3ERR_ROFS').dir_wcc,
        RMDIR: failed(await root.rmdir(dir, 'directory'), 'NFS3ERR_ROFS').dir_wcc,
        RENAME: failed(await root.rename(dir, 'file', dir, 'new'), 'NFS3ERR_ROFS').fromdir_wcc,
        LINK: failed(await root.link(file, dir, 'new'), 'NFS3ERR_ROFS').linkdir_wcc,
      }
      for (const [procedure, { after }] of Object.entries(refused)) {
        if (after !== undefined) t.ok([1, 2].includes(after.type), procedure)
      }
      t.equal(Buffer.from(ok(await root.read(file, 0n, 10)).data).toString(), 'hello')
      t.equal(statusOf(await root.commit(file)), 'NFS3_OK')
    })
    t.equal(statusOf(await root.write(file, 0n, 'x')), 'NFS3_OK')
  })

  behaviour('ACCESS in a read-only export promises no change', async (t, stage) => {
    const { root, dir } = stage
    const file = made(await root.create(dir, 'file', { mode: 0o666 }))
    await under(stage, { readOnly: true }, async () => {
      t.equal(ok(await root.access(dir)).access, ACCESS3_READ | ACCESS3_LOOKUP)
      t.equal(ok(await root.access(file)).access, ACCESS3_READ)
    })
  })

  behaviour('secure: a client on an unprivileged port is refused', async (t, stage) => {
    const { root, dir } = stage
    const file = made(await root.create(dir, 'file'))
    await under(stage, { secure: true }, async () => {
      t.equal(statusOf(await root.getattr(dir)), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.read(file, 0n, 1)), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.create(dir, 'x')), 'NFS3ERR_ACCES')
    })
    t.equal(statusOf(await root.getattr(dir)), 'NFS3_OK')
  })

  behaviour('a client that is not on the list is refused, whatever handle it has', async (t, stage) => {
    const { root, dir } = stage
    const file = made(await root.create(dir, 'file'))
    await under(stage, { clients: ['192.0.2.1', '198.51.100.0/24'] }, async () => {
      t.equal(statusOf(await root.getattr(dir)), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.readdirplus(dir)), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.write(file, 0n, 'x')), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.remove(dir, 'file')), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.fsstat(dir)), 'NFS3ERR_ACCES')
    })
    await under(stage, { clients: ['127.0.0.0/8'] }, async () => {
      t.equal(statusOf(await root.getattr(dir)), 'NFS3_OK')
    })
  })

  behaviour('the root handle is for those who may use the export', async (t, stage) => {
    const { vfs, exportPath } = stage.prepared
    const path = new Uint8Array(0)
    const resolve = async (changes: object) =>
      (await vfs.resolve({ ...rootCaller, ...changes }, exportPath, path)).status
    await under(stage, { secure: true, clients: ['127.0.0.1'] }, async () => {
      t.equal(await resolve({}), errno.OK)
      t.equal(await resolve({ port: 1024 }), errno.EACCES)
      t.equal(await resolve({ address: '127.0.0.2' }), errno.EACCES)
      t.equal(await resolve({ flavor: 'none', uid: -1, gid: -1 }), errno.OK, 'mounting needs no identity')
    })
    t.equal((await vfs.resolve(rootCaller, '/not/exported', path)).status, errno.ENOENT)
  })

  behaviour('squashed callers go by permissions like others', async (t, stage) => {
    const { root, alice, dir } = stage
    const shared = made(await alice.mkdir(dir, 'shared', { mode: 0o755 }))
    await under(stage, { squash: 'root_squash' }, async () => {
      t.equal(statusOf(await root.create(shared, 'x')), 'NFS3ERR_ACCES')
      t.equal(statusOf(await root.mknod(dir, 'null', deviceNull)), 'NFS3ERR_PERM')
      t.equal(statusOf(await root.lookup(shared, 'x')), 'NFS3ERR_NOENT')
    })
    t.equal((await attributesOf(root, shared)).mode, 0o755)
  })
})

const unchanged = { mode: 0o600, uid: undefined, gid: undefined, size: undefined }
const deviceNull = {
  type: 4 as const,
  device: {
    dev_attributes: { ...unchanged, atime: { set_it: 0 as const }, mtime: { set_it: 0 as const } },
    spec: { specdata1: 1, specdata2: 3 },
  },
}
