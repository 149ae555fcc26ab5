/** Port 111 as Debian's own tools see it. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { runClient } from './client-process.ts'
import { NfsdProcess } from './nfsd-process.ts'
import { noPrivateNetwork, PrivateNetwork } from './private-network.ts'

// Many processes, each of which takes its time on a busy machine.
t.setTimeout(120_000)

const directory = mkdtempSync(join(tmpdir(), 'fsva-port-111-'))
chmodSync(directory, 0o755)
t.teardown(() => rmSync(directory, { recursive: true }))
const exported = join(directory, 'exported')
mkdirSync(exported)

const isInstalled = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const missing = ['showmount', 'rpcinfo', 'rpcbind', 'setpriv'].filter((program) => !isInstalled(program))
const skip =
  noPrivateNetwork() ||
  (missing.length > 0 && `not installed: ${missing.join(', ')} (apt: nfs-common, rpcbind)`)

let states = 0
const fixed = () => [
  '--export',
  exported,
  '--state-dir',
  join(directory, `state-${states++}`),
  '--log-format',
  'json',
]

async function privateNetwork(t: { teardown: (close: () => void) => void }): Promise<PrivateNetwork> {
  const network = await PrivateNetwork.open()
  t.teardown(() => network.close())
  return network
}

t.test('without an rpcbind we are one', { skip }, async (t) => {
  const network = await privateNetwork(t)
  const nfsd = new NfsdProcess(fixed(), { wrapper: network.inside })
  t.teardown(() => nfsd.close())
  const { line } = await nfsd.ready()
  t.match(line, / nfs 127\.0\.0\.1:2049 mount 127\.0\.0\.1:20048 /)
  t.match(nfsd.stderr, /serving rpcbind on port 111/)

  const exports = network.run('showmount', '-e', '127.0.0.1')
  t.match(exports, { code: 0, output: new RegExp(`^${exported} \\*$`, 'm') })
  const programs = network.run('rpcinfo', '-p', '127.0.0.1')
  t.equal(programs.code, 0)
  for (const wanted of [
    /100003 +3 +tcp +2049 +nfs/,
    /100005 +1 +udp +20048 +mountd/,
    /100005 +3 +tcp +20048 +mountd/,
    /100000 +2 +udp +111 +portmapper/,
    /100000 +4 +tcp +111 +portmapper/,
  ]) {
    t.match(programs.output, wanted)
  }
  t.notMatch(programs.output, /100003 +\d +udp/, 'NFS is TCP only')
  t.match(network.run('rpcinfo', '-T', 'tcp', '127.0.0.1', 'nfs', '3'), {
    code: 0,
    output: /ready and waiting/,
  })
  t.match(network.run('rpcinfo', '-T', 'udp', '127.0.0.1', 'mount', '3'), { code: 0 })
  t.match(network.run('rpcinfo', '-T', 'tcp', '127.0.0.1', 'nfs', '4').output, /mismatch|not available/)

  const doctor = await runClient(['doctor', `127.0.0.1:${exported}`], network.inside)
  t.equal(doctor.code, 0, doctor.stderr)
  t.match(doctor.stdout, /^ok +rpcbind/m)
  t.match(doctor.stdout, /^ok +clock/m)
  t.match(doctor.stdout, /^ok +verdict /m)
  t.notMatch(doctor.stdout, /port=/, 'rpcbind knows the ports: no port options')
})

t.test("with the system's rpcbind we register and take it back", { skip }, async (t) => {
  const network = await privateNetwork(t)
  const [program, ...args] = [...network.inside, 'rpcbind', '-f', '-w']
  const rpcbind = spawn(program!, args, { stdio: 'ignore' })
  t.teardown(() => rpcbind.kill('SIGKILL'))
  const programs = () => network.run('rpcinfo', '-p', '127.0.0.1').output
  for (let tries = 0; !programs().includes('portmapper'); tries++) {
    if (tries > 100) throw new Error('rpcbind does not start')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const nfsd = new NfsdProcess([...fixed(), '--port', '0', '--mount-port', '0'], { wrapper: network.inside })
  t.teardown(() => nfsd.close())
  const { nfs, mount } = await nfsd.ready()
  t.match(nfsd.stderr, /registered with this machine's rpcbind/)
  t.match(programs(), new RegExp(`100003 +3 +tcp +${nfs} `))
  t.match(programs(), new RegExp(`100005 +3 +udp +${mount} `))
  t.match(network.run('showmount', '-e', '127.0.0.1'), { code: 0, output: new RegExp(exported) })
  nfsd.kill('SIGTERM')
  t.equal((await nfsd.ended).code, 0)
  t.notMatch(programs(), /10000[35]/, 'nothing is left behind')
  t.match(programs(), /100000/)
})

t.test('without permission for port 111 it says what clients need', { skip }, async (t) => {
  const network = await privateNetwork(t)
  const user = [...network.inside, 'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const state = join(directory, 'user-state')
  spawnSync('install', ['-d', '-o', '65534', state])
  const args = ['--export', exported, '--state-dir', state, '--insecure', '--log-format', 'json']
  const nfsd = new NfsdProcess(args, { wrapper: user })
  t.teardown(() => nfsd.close())
  await nfsd.ready()
  t.match(nfsd.stderr, /no permission to listen on 127\.0\.0\.1 port 111/)
  t.match(nfsd.stderr, /mount options port=2049,mountport=20048,mountproto=tcp/)
  t.match(nfsd.stderr, /not root: every client is served with the rights of this process \(uid 65534\)/)
  nfsd.kill('SIGTERM')
  await nfsd.ended

  const insisting = await new NfsdProcess([...args, '--rpcbind', 'serve'], { wrapper: user }).ended
  t.equal(insisting.code, 1)
  t.match(
    insisting.stderr,
    /port 111 \(rpcbind\): ports below 1024 need root or CAP_NET_BIND_SERVICE; use --no-rpcbind/,
  )
  const registering = await new NfsdProcess([...args, '--rpcbind', 'register'], { wrapper: user }).ended
  t.equal(registering.code, 1)
  t.match(registering.stderr, /no rpcbind runs on this machine; use --no-rpcbind, or --rpcbind auto/)
})

t.test('every address, of both families', { skip }, async (t) => {
  const network = await privateNetwork(t)
  const nfsd = new NfsdProcess([...fixed(), '--listen', '::', '--insecure'], { wrapper: network.inside })
  t.teardown(() => nfsd.close())
  t.match((await nfsd.ready()).line, / nfs \[::\]:2049 mount \[::\]:20048 /)
  for (const address of ['127.0.0.1', '::1']) {
    t.match(network.run('showmount', '-e', address), { code: 0, output: new RegExp(exported) }, address)
    const doctor = await runClient(['doctor', address], network.inside)
    t.match(doctor, { code: 0, stdout: /^ok +rpcbind/m }, address)
  }
})

t.test('a name with several addresses, of which the server listens on one', { skip }, async (t) => {
  const network = await privateNetwork(t)
  const hosts = join(directory, 'hosts')
  writeFileSync(hosts, '127.0.0.7 several\n127.0.0.8 several\n127.0.0.9 several\n')
  t.equal(network.run('mount', '--bind', hosts, '/etc/hosts').code, 0)
  const args = [...fixed(), '--listen', '127.0.0.8', '--insecure']
  const nfsd = new NfsdProcess(args, { wrapper: network.inside })
  t.teardown(() => nfsd.close())
  await nfsd.waitFor('stdout', /^fsva-nfsd ready: /m)
  const doctor = await runClient(['doctor', `several:${exported}`], network.inside)
  t.match(doctor, { code: 0, stdout: /^ok +nfs +version 3 answers on 127\.0\.0\.8 TCP port 2049$/m })
})
