/** Users in more groups than a call can name, on a server with a user database of its own. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES as mount3,
  mountstat3,
} from '../../nfs-server/xdr/generated/mount.ts'
import { NfsClient, ok, statusOf } from '../fixtures/nfs-client.ts'
import { NfsdProcess } from './nfsd-process.ts'
import { noPrivateNetwork } from './private-network.ts'

t.setTimeout(120_000)
const skip = noPrivateNetwork()

const member = 1234
const stranger = 4321
const groups = Array.from({ length: 20 }, (_, index) => 3001 + index)
/** Nobody is in it. */
const emptyGroup = 4000

const directory = mkdtempSync(join(tmpdir(), 'fsva-groups-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const exported = join(directory, 'exported')

/** A file for each group, which its members may read and nobody else. */
function makeFiles(): void {
  mkdirSync(exported)
  chmodSync(exported, 0o755)
  for (const gid of [...groups, emptyGroup]) {
    const file = join(exported, `of-${gid}`)
    writeFileSync(file, `for group ${gid}`)
    chownSync(file, 0, gid)
    chmodSync(file, 0o040)
  }
}

function writeDatabase(): void {
  writeFileSync(
    join(directory, 'passwd'),
    `root:x:0:0:root:/root:/bin/sh\nmember:x:${member}:${member}::/:/bin/sh\n`,
  )
  const lines = groups.map((gid) => `group${gid}:x:${gid}:member`)
  writeFileSync(join(directory, 'group'), `root:x:0:\nmember:x:${member}:\n${lines.join('\n')}\n`)
  writeFileSync(join(directory, 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files\n')
}

/** Runs a program with /etc/passwd and its like replaced, for it alone. */
const binds = ['passwd', 'group', 'nsswitch.conf'].map(
  (name) => `mount --bind '${join(directory, name)}' /etc/${name}`,
)
const wrapper = ['unshare', '--mount', 'sh', '-ec', `${binds.join('\n')}\nexec "$@"`, 'sh']

async function start(t: Test, name: string, options: readonly string[]) {
  const state = join(directory, name)
  const args = ['--export', exported, '--insecure', '--port', '0', '--mount-port', '0', '--no-rpcbind']
  const nfsd = new NfsdProcess([...args, '--state-dir', state, ...options], { wrapper })
  t.teardown(() => nfsd.close())
  const { nfs, mount } = await nfsd.ready()
  const mountd = await TcpRpcClient.connect({ host: '127.0.0.1', port: mount })
  const mounted = await mountd.call(MOUNT_PROGRAM, MOUNT_V3, mount3.MOUNTPROC3_MNT, Buffer.from(exported))
  mountd.close()
  if (mounted.fhs_status !== mountstat3.MNT3_OK) throw new Error(`MNT says ${mounted.fhs_status}`)
  const root = mounted.mountinfo.fhandle
  /** What reading each group's file answers. */
  return async (uid: number, gid: number, gids: readonly number[]) => {
    const client = await NfsClient.connect(nfs, { uid, gid, gids })
    t.teardown(() => client.close())
    const readable: number[] = []
    for (const group of [...groups, emptyGroup]) {
      const { object } = ok(await client.lookup(root, `of-${group}`))
      const answer = await client.read(object.data, 0n, 100)
      if (answer.status === 0) readable.push(group)
      else t.equal(statusOf(answer), 'NFS3ERR_ACCES')
    }
    return readable
  }
}

t.test('users’ groups are the server’s to say', { skip }, async (t) => {
  makeFiles()
  writeDatabase()

  await t.test('with the option', async (t) => {
    const readableBy = await start(t, 'with', ['--manage-gids'])
    t.same(await readableBy(member, member, []), groups, 'all twenty')
    t.same(await readableBy(member, member, groups.slice(0, 16)), groups)
    t.same(await readableBy(member, member, [emptyGroup]), groups, 'not what only the call says')
    t.same(await readableBy(stranger, stranger, groups.slice(0, 16)), [], 'nobody here knows him')
    t.same(await readableBy(stranger, groups[3]!, []), [groups[3]!], 'but the primary group counts')
  })

  await t.test('without it', async (t) => {
    const readableBy = await start(t, 'without', [])
    t.same(await readableBy(member, member, []), [])
    t.same(await readableBy(member, member, groups.slice(0, 16)), groups.slice(0, 16), 'what the call says')
    t.same(await readableBy(member, member, [emptyGroup]), [emptyGroup])
    t.same(await readableBy(stranger, stranger, groups.slice(0, 2)), groups.slice(0, 2))
  })

  await t.test('from the config file', async (t) => {
    const config = join(directory, 'fsva-nfsd.yaml')
    writeFileSync(config, `manage_gids: true\nexports:\n  - path: ${exported}\n    secure: false\n`)
    const state = join(directory, 'configured')
    const ports = ['--port', '0', '--mount-port', '0', '--no-rpcbind', '--state-dir', state]
    const nfsd = new NfsdProcess(['--config', config, ...ports, '--check-config'])
    t.equal((await nfsd.ended).code, 0)
    writeFileSync(config, `manage_gids: perhaps\nexports:\n  - path: ${exported}\n`)
    const wrong = await new NfsdProcess(['--config', config, ...ports, '--check-config']).ended
    t.equal(wrong.code, 2)
    t.match(wrong.stderr, /manage_gids.*true or false/s)
  })
})
