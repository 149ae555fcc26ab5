/** The systemd unit: valid, and no tighter than the server can bear. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES as mount3,
} from '../../nfs-server/xdr/generated/mount.ts'
import { ftype3 } from '../../nfs-server/xdr/generated/nfs3.ts'
import { NfsClient, toWire } from '../fixtures/nfs-client.ts'
import { NfsdProcess } from './nfsd-process.ts'
import { noPrivateNetwork, PrivateNetwork } from './private-network.ts'

// Many processes, each of which takes its time on a busy machine.
t.setTimeout(120_000)

const unitFile = join(import.meta.dirname, '..', '..', 'nfs-server', 'systemd', 'fsva-nfsd.service')
const unit = readFileSync(unitFile, 'utf8')
const directory = mkdtempSync(join(tmpdir(), 'fsva-unit-'))
t.teardown(() => rmSync(directory, { recursive: true }))
chmodSync(directory, 0o755)

const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

t.test('systemd-analyze verify', { skip: !hasAnalyze && 'no systemd-analyze' }, async (t) => {
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', unitFile], { encoding: 'utf8' })
  t.equal(status, 0)
  t.equal(stderr, '')
})

const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0
const skip = noPrivateNetwork() || (!hasSetpriv && 'no setpriv')

t.test('its capabilities are enough', { skip }, async (t) => {
  const exported = join(directory, 'exported')
  mkdirSync(exported)
  const network = await PrivateNetwork.open()
  t.teardown(() => network.close())
  const kept = value('CapabilityBoundingSet').split(' ')
  t.ok(kept.length > 5)
  const bounding = kept.map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`).join(',')
  t.match(unit, /^NoNewPrivileges=yes$/m)
  const setpriv = ['setpriv', '--no-new-privs', '--bounding-set', `-all,${bounding}`]
  const args = ['--export', exported, '--no-root-squash', '--state-dir', join(directory, 'state')]
  // Clients on this machine's network, the server in one of its own: port 111 is what the namespace is for.
  const nfsd = new NfsdProcess([...args, '--log-format', 'json'], {
    wrapper: [...network.inside, ...setpriv],
  })
  t.teardown(() => nfsd.close())
  await nfsd.ready()
  t.match(nfsd.stderr, /serving rpcbind on port 111/)
  t.notMatch(nfsd.stderr, /CAP_DAC_READ_SEARCH/, 'it may open files by handle')
  t.notMatch(nfsd.stderr, /not root/, 'it may act as others')
})

t.test('and they are enough for files', { skip }, async (t) => {
  const exported = join(directory, 'files')
  mkdirSync(exported, { mode: 0o755 })
  chmodSync(exported, 0o1777)
  const kept = value('CapabilityBoundingSet').split(' ')
  const bounding = kept.map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`).join(',')
  const wrapper = ['setpriv', '--no-new-privs', '--bounding-set', `-all,${bounding}`]
  const args = ['--export', exported, '--no-root-squash', '--insecure', '--no-rpcbind', '--port', '0']
  const nfsd = new NfsdProcess([...args, '--mount-port', '0', '--state-dir', join(directory, 'state-2')], {
    wrapper,
  })
  t.teardown(() => nfsd.close())
  const ports = await nfsd.ready()
  const mount = await TcpRpcClient.connect({ host: '127.0.0.1', port: ports.mount })
  const mounted = await mount.call(MOUNT_PROGRAM, MOUNT_V3, mount3.MOUNTPROC3_MNT, Buffer.from(exported))
  mount.close()
  if (mounted.fhs_status !== 0) throw new Error(`MNT: ${mounted.fhs_status}`)
  const top = mounted.mountinfo.fhandle

  const root = await NfsClient.connect(ports.nfs, { uid: 0, gid: 0 })
  const user = await NfsClient.connect(ports.nfs, { uid: 1234, gid: 1235, gids: [1236] })
  t.teardown(() => {
    root.close()
    user.close()
  })
  const made = await user.create(top, 'of-user', { mode: 0o600 })
  if (made.status !== 0) throw new Error(`CREATE: ${made.status}`)
  t.match(statSync(join(exported, 'of-user')), { uid: 1234, gid: 1235 })
  const file = made.resok.obj!.data
  t.equal((await root.write(file, 0n, 'by root')).status, 0, 'root overrides permissions')
  t.equal((await root.setattr(file, { uid: 77, gid: 78 })).status, 0, 'root gives files away')
  t.match(statSync(join(exported, 'of-user')), { uid: 77, gid: 78 })
  t.equal((await root.setattr(file, { mode: 0o6755 })).status, 0, 'set-id bits on the file of another')
  t.equal(statSync(join(exported, 'of-user')).mode & 0o7777, 0o6755)
  const device = await root.mknod(top, 'null', {
    type: ftype3.NF3CHR,
    device: { dev_attributes: toWire({ mode: 0o666 }), spec: { specdata1: 1, specdata2: 3 } },
  })
  t.equal(device.status, 0, 'root makes device nodes')
  t.equal((await root.remove(top, 'of-user')).status, 0, "root removes others' files")
})
