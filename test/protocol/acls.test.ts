/** NFS_ACL on the file systems of this machine: what one caller sets, the file system and every other caller see. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createNfsProgram } from '../../nfs-server/programs/nfs3/program.ts'
import { createNfsAclProgram } from '../../nfs-server/programs/nfsacl/program.ts'
import { Dispatcher } from '../../nfs-server/rpc/dispatch.ts'
import { RpcListener } from '../../nfs-server/rpc/listener.ts'
import {
  NFS_ACL,
  NFS_ACL_V3_PROCEDURES,
  NFS_ACLCNT,
  NFS_DFACL,
  NFS_DFACLCNT,
} from '../../nfs-server/xdr/generated/nfsacl.ts'
import { AclClient, aclOf, textOf } from '../fixtures/acl-client.ts'
import { alice, type BackEnd, bob, rootHandle } from '../fixtures/back-ends.ts'
import { memoryBackEnd } from '../fixtures/memory-back-end.ts'
import { nativeBackEnds } from '../fixtures/native-back-end.ts'
import { attributesOf, made, NfsClient, ok, statusOf } from '../fixtures/nfs-client.ts'

const withAcls = ['native-tmpfs', 'native-ext4', 'native-xfs', 'native-btrfs']
const getfacl = existsSync('/usr/bin/getfacl')

async function start(t: Test, backEnd: BackEnd) {
  const prepared = await backEnd.prepare()
  const { vfs } = prepared
  const errors: unknown[] = []
  const programs = [createNfsProgram(vfs), createNfsAclProgram(vfs)]
  const dispatcher = new Dispatcher(programs, { onHandlerError: (error) => errors.push(error) })
  const listener = new RpcListener()
  const { port } = await listener.listenTcp(dispatcher, { address: '127.0.0.1', port: 0 })
  const root = { uid: 0, gid: 0 }
  const users = {
    nfs: {
      root: await NfsClient.connect(port, root),
      alice: await NfsClient.connect(port, alice),
      bob: await NfsClient.connect(port, bob),
    },
    acl: {
      root: await AclClient.connect(port, root),
      alice: await AclClient.connect(port, alice),
      bob: await AclClient.connect(port, bob),
    },
  }
  t.teardown(async () => {
    for (const clients of Object.values(users)) for (const client of Object.values(clients)) client.close()
    await listener.close()
    await prepared.close()
    if (errors.length > 0) throw new AggregateError(errors, 'a handler threw')
  })
  const top = await rootHandle(prepared)
  const dir = made(await users.nfs.root.mkdir(top, 'dir', { mode: 0o777 }))
  return { ...users, dir, prepared, here: (name: string) => join(prepared.exportPath, 'dir', name) }
}

/** What the server's own getfacl says, in one line. */
function seen(path: string): string {
  return execFileSync('getfacl', ['-cnpE', path], { encoding: 'utf8' }).trim().split('\n').join(',')
}

for (const backEnd of nativeBackEnds.filter(({ name }) => withAcls.includes(name))) {
  const options = backEnd.unavailable === undefined ? {} : { skip: backEnd.unavailable }
  t.test(`ACLs on ${backEnd.name}`, options, async (t) => {
    const { nfs, acl, dir, here, prepared } = await start(t, backEnd)

    await t.test('a file without shows its mode', async (t) => {
      const file = made(await nfs.alice.create(dir, 'plain', { mode: 0o640 }))
      const { acl: found, attr } = ok(await acl.bob.getacl(file))
      t.equal(textOf(found.acl), 'u::rw-,g::r--,m::r--,o::---')
      t.same([found.aclcnt, found.dfaclcnt, found.dfacl.length], [4, 0, 0])
      t.same([found.acl[0]?.id, found.acl[1]?.id], [1001, 1001], 'owner and group by name')
      t.equal(attr?.mode, 0o640)
    })

    await t.test('what the owner sets decides, and ACCESS says so', async (t) => {
      const file = made(await nfs.alice.create(dir, 'shared', { mode: 0o600 }))
      ok(await nfs.alice.write(file, 0n, 'text'))
      t.equal(statusOf(await nfs.bob.read(file, 0n, 10)), 'NFS3ERR_ACCES')
      t.equal(ok(await nfs.bob.access(file, 0x0d)).access, 0)
      const wanted = 'u::rw-,u:1002:r--,g::---,m::r--,o::---'
      const { attr } = ok(await acl.alice.setacl(file, { access: aclOf(wanted) }))
      t.equal(attr?.mode, 0o640, 'the mask is what the mode shows of the group')
      t.equal(textOf(ok(await acl.bob.getacl(file)).acl.acl), wanted)
      t.equal(Buffer.from(ok(await nfs.bob.read(file, 0n, 10)).data).toString(), 'text')
      t.equal(ok(await nfs.bob.access(file, 0x0d)).access, 1)
      t.equal(statusOf(await nfs.bob.write(file, 0n, 'x')), 'NFS3ERR_ACCES')
      if (getfacl) t.equal(seen(here('shared')), 'user::rw-,user:1002:r--,group::---,mask::r--,other::---')

      ok(await acl.alice.setacl(file, { access: aclOf('u::rw-,g::r--,m::r--,o::---') }))
      t.equal(statusOf(await nfs.bob.read(file, 0n, 10)), 'NFS3ERR_ACCES', 'taken back')
      t.equal((await attributesOf(nfs.bob, file)).mode, 0o640)
      if (getfacl) t.equal(seen(here('shared')), 'user::rw-,group::r--,other::---', 'the mask was idle')
    })

    await t.test('only the owner and root may set it', async (t) => {
      const file = made(await nfs.alice.create(dir, 'owned', { mode: 0o666 }))
      const access = aclOf('u::rw-,u:1002:rw-,g::rw-,m::rw-,o::rw-')
      const refused = await acl.bob.setacl(file, { access })
      t.equal(statusOf(refused), 'NFS3ERR_PERM')
      ok(await acl.root.setacl(file, { access }))
    })

    await t.test('a directory hands its default ACL on', async (t) => {
      const parent = made(await nfs.alice.mkdir(dir, 'parent', { mode: 0o755 }))
      const text = 'u::rwx,u:1002:rwx,g::r-x,m::rwx,o::---'
      ok(await acl.alice.setacl(parent, { byDefault: aclOf(text, true) }))
      const found = ok(await acl.alice.getacl(parent)).acl
      t.equal(textOf(found.dfacl), text)
      t.ok(
        found.dfacl.every(({ type }) => type & 0x1000),
        'marked as default',
      )
      t.equal(textOf(found.acl), 'u::rwx,g::r-x,m::r-x,o::r-x', 'its own stays as it was')
      const child = made(await nfs.alice.create(parent, 'child', { mode: 0o664 }))
      t.equal(textOf(ok(await acl.alice.getacl(child)).acl.acl), 'u::rw-,u:1002:rwx,g::r-x,m::rw-,o::---')
      ok(await nfs.bob.write(child, 0n, 'x'))
      const below = made(await nfs.alice.mkdir(parent, 'below', { mode: 0o777 }))
      t.equal(textOf(ok(await acl.alice.getacl(below)).acl.dfacl), text)

      ok(await acl.alice.setacl(parent, { byDefault: [] }))
      t.equal(ok(await acl.alice.getacl(parent)).acl.dfaclcnt, 0, 'removed')
      ok(await acl.alice.setacl(parent, { byDefault: [] }))
      const plain = made(await nfs.alice.create(parent, 'plain', { mode: 0o664 }))
      t.equal(textOf(ok(await acl.alice.getacl(plain)).acl.acl), 'u::rw-,g::rw-,m::rw-,o::r--')
    })

    await t.test('lengths alone, and what nobody can mean', async (t) => {
      const file = made(await nfs.alice.create(dir, 'asked', { mode: 0o600 }))
      const counts = ok(await acl.alice.getacl(file, NFS_ACLCNT | NFS_DFACLCNT)).acl
      t.same(counts, { mask: NFS_ACLCNT | NFS_DFACLCNT, aclcnt: 4, acl: [], dfaclcnt: 0, dfacl: [] })
      t.equal(statusOf(await acl.alice.getacl(file, 0x10)), 'NFS3ERR_INVAL')
      const byDefault = aclOf('u::rw-,g::rw-,o::rw-', true)
      t.equal(statusOf(await acl.alice.setacl(file, { byDefault })), 'NFS3ERR_ACCES', 'no directory')
      for (const wrong of ['u::rw-', 'u::rw-,u::rw-,g::r--,o::r--', 'u::rw-,u:7:r--,g::r--,o::r--']) {
        t.equal(statusOf(await acl.alice.setacl(file, { access: aclOf(wrong) })), 'NFS3ERR_INVAL', wrong)
      }
      const acl3 = aclOf('u::rw-,g::rw-,o::rw-')
      const args = { fh: { data: file }, acl: { mask: 1, aclcnt: 4, acl: acl3, dfaclcnt: 0, dfacl: [] } }
      const { ACLPROC3_SETACL } = NFS_ACL_V3_PROCEDURES
      t.equal(statusOf(await acl.alice.call(ACLPROC3_SETACL, args)), 'NFS3ERR_INVAL', 'counts that differ')
      t.equal((await attributesOf(nfs.alice, file)).mode, 0o600, 'nothing was done')
      t.equal(statusOf(await acl.alice.getacl(Buffer.alloc(32), NFS_ACL)), 'NFS3ERR_BADHANDLE')
    })

    await t.test('links have none; a read-only export keeps what it has', async (t) => {
      const link = made(await nfs.alice.symlink(dir, 'link', 'asked'))
      t.equal(statusOf(await acl.alice.getacl(link)), 'NFS3ERR_NOTSUPP')
      const file = made(await nfs.alice.create(dir, 'kept', { mode: 0o600 }))
      prepared.setExport({ readOnly: true })
      t.teardown(() => prepared.setExport({}))
      const refused = await acl.alice.setacl(file, { access: aclOf('u::rw-,g::rw-,o::rw-') })
      t.equal(statusOf(refused), 'NFS3ERR_ROFS')
      t.equal(textOf(ok(await acl.alice.getacl(file)).acl.acl), 'u::rw-,g::---,m::---,o::---')
    })

    await t.test('as many entries as the file system takes', async (t) => {
      const file = made(await nfs.alice.create(dir, 'many', { mode: 0o600 }))
      const users = Array.from({ length: 1020 }, (_, index) => ({ type: 0x02, id: 5000 + index, perm: 4 }))
      const access = [...aclOf('u::rw-,g::r--,m::r--,o::---'), ...users]
      const result = await acl.alice.setacl(file, { access })
      // ext4 has one block for it.
      if (result.status !== 0) t.match(statusOf(result), /NFS3ERR_NOSPC/)
      else t.equal(ok(await acl.alice.getacl(file, NFS_ACL | NFS_DFACL)).acl.acl.length, 1024)
    })
  })
}

t.test('a Vfs without ACLs', async (t) => {
  const { nfs, acl, dir } = await start(t, memoryBackEnd)
  const file = made(await nfs.alice.create(dir, 'file', { mode: 0o600 }))
  t.equal(statusOf(await acl.alice.getacl(file)), 'NFS3ERR_NOTSUPP')
  const access = aclOf('u::rw-,g::rw-,o::rw-')
  t.equal(statusOf(await acl.alice.setacl(file, { access })), 'NFS3ERR_NOTSUPP')
})

t.test('the program', async (t) => {
  const { acl } = await start(t, memoryBackEnd)
  const { ACLPROC3_NULL } = NFS_ACL_V3_PROCEDURES
  t.equal(await acl.bob.call(ACLPROC3_NULL, undefined), undefined)
  await t.rejects(acl.bob.call(ACLPROC3_NULL, undefined, 2), /PROG_MISMATCH.*3.*3/s)
})
