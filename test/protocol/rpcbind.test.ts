/** Port 111 as the tools of Linux see it: rpcinfo and showmount against our rpcbind, and our programs in Debian's. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { PrivateNetwork, publicAddress } from '../fixtures/private-network.ts'
import { NfsdProcess } from './nfsd-process.ts'

t.setTimeout(180_000)

function whyNot(): string | undefined {
  for (const tool of ['rpcbind', 'rpcinfo', 'showmount', 'nsenter']) {
    if (spawnSync('which', [tool]).status !== 0) return `needs ${tool}`
  }
  return PrivateNetwork.impossible()
}

const skip = whyNot() ?? false
const scratch = mkdtempSync(join(tmpdir(), 'fsva-rpcbind-'))
const exported = join(scratch, 'data')
mkdirSync(exported)
t.teardown(() => rmSync(scratch, { recursive: true }))

let servers = 0

/** On every IPv4 address, unless the arguments say where else. */
async function startNfsd(t: Test, network: PrivateNetwork, ...args: string[]): Promise<NfsdProcess> {
  const state = join(scratch, `state-${servers++}`)
  const listen = args.includes('--listen') ? [] : ['--listen', '0.0.0.0']
  const nfsd = new NfsdProcess(
    ['--export', exported, '--insecure', ...listen, '--state-dir', state, '--log-format', 'json', ...args],
    { wrapper: network.wrapper },
  )
  t.teardown(() => nfsd.close())
  await nfsd.ready()
  return nfsd
}

/** `program version protocol port` of what `rpcinfo -p` lists of NFS and MOUNT. */
async function listed(network: PrivateNetwork): Promise<string[]> {
  const { output } = await network.run('rpcinfo', '-p', '127.0.0.1')
  return output
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/).slice(0, 4).join(' '))
    .filter((line) => /^10000[35] /.test(line))
    .sort()
}

const ours = (nfs: number, mount: number) => [
  `100003 3 tcp ${nfs}`,
  ...[1, 3].flatMap((version) => ['tcp', 'udp'].map((protocol) => `100005 ${version} ${protocol} ${mount}`)),
]

t.test('where no rpcbind runs, we are it', { skip }, async (t) => {
  const network = await PrivateNetwork.start(t)
  const nfsd = await startNfsd(t, network)

  t.same(await listed(network), ours(2049, 20048))
  const { output: all } = await network.run('rpcinfo', '-p', '127.0.0.1')
  for (const version of [2, 3, 4]) {
    for (const protocol of ['tcp', 'udp']) {
      t.match(all, new RegExp(`100000 +${version} +${protocol} +111 `), `rpcbind ${version} by ${protocol}`)
    }
  }

  const answers: [wanted: RegExp, ...command: string[]][] = [
    [/^program 100005 version 3 ready and waiting$/m, 'rpcinfo', '-T', 'udp', '127.0.0.1', 'mountd', '3'],
    [/^program 100005 version 1 ready and waiting$/m, 'rpcinfo', '-T', 'tcp', '127.0.0.1', 'mountd', '1'],
    [/^program 100003 version 3 ready and waiting$/m, 'rpcinfo', '-T', 'tcp', publicAddress, 'nfs', '3'],
    // Without a version, it asks for version 0 to be told the range.
    [/^program 100003 version 3 ready and waiting$/m, 'rpcinfo', '-t', '127.0.0.1', '100003'],
    [/low version = 1, high version = 3/, 'rpcinfo', '-u', '127.0.0.1', '100005'],
    [/not registered/i, 'rpcinfo', '-T', 'tcp', '127.0.0.1', 'rquotad', '1'],
    [/not registered/i, 'rpcinfo', '-T', 'udp', '127.0.0.1', 'nfs', '3'],
    // The address that the caller can reach us by, not the wildcard.
    [/inet\/tcp\/cots_ord +192\.0\.2\.1\.78\.80/, 'rpcinfo', '-l', publicAddress, '100005', '3'],
    [/100003 +3 +tcp +nfs +superuser/, 'rpcinfo', '-s', '127.0.0.1'],
    [/100005 +3 +udp +0\.0\.0\.0\.78\.80 +mountd +superuser/, 'rpcinfo', '127.0.0.1'],
    [/RPCBIND \(version 4\) statistics/, 'rpcinfo', '-m', '127.0.0.1'],
    [/^Export list for 127\.0\.0\.1:\n\S+\/data +\*\n$/, 'showmount', '-e', '127.0.0.1'],
    [/^All mount points on 127\.0\.0\.1:\n$/, 'showmount', '-a', '127.0.0.1'],
    [/^Directories on 127\.0\.0\.1:\n$/, 'showmount', '-d', '127.0.0.1'],
  ]
  for (const [wanted, ...command] of answers) {
    const { output } = await network.run(...command)
    t.match(output, wanted, command.join(' '))
  }

  nfsd.kill('SIGTERM')
  t.match(await nfsd.ended, { code: 0 })
  t.not((await network.run('rpcinfo', '-p', '127.0.0.1')).code, 0)
})

t.test('by IPv6 as well', { skip }, async (t) => {
  const network = await PrivateNetwork.start(t)
  if ((await network.run('sh', '-c', 'ip -6 address show dev lo | grep -q ::1')).code !== 0) {
    t.pass('there is no IPv6 here', { skip: 'this machine has no IPv6' })
    return
  }
  await startNfsd(t, network, '--listen', '::')
  const { output } = await network.run('rpcinfo', '::1')
  t.match(output, /100003 +3 +tcp6 +::\.8\.1 +nfs/)
  for (const [transport, host] of [
    ['tcp6', '::1'],
    ['udp6', '::1'],
    ['tcp', '127.0.0.1'],
    ['udp', '127.0.0.1'],
  ] as const) {
    const asked = await network.run('rpcinfo', '-T', transport, host, 'mountd', '3')
    t.match(asked.output, /ready and waiting/, transport)
  }
  t.match((await network.run('showmount', '-e', '::1')).output, /data/)
})

async function startRpcbind(network: PrivateNetwork): Promise<void> {
  network.start('rpcbind', '-f')
  for (let tries = 0; (await network.run('rpcinfo', '-p', '127.0.0.1')).code !== 0; tries++) {
    if (tries === 50) throw new Error('rpcbind does not come up')
    await sleep(100)
  }
}

t.test("where Debian's rpcbind runs, it knows us for as long as we live", { skip }, async (t) => {
  const network = await PrivateNetwork.start(t)
  await startRpcbind(network)
  const nfsd = await startNfsd(t, network)
  t.same(await listed(network), ours(2049, 20048))
  t.match((await network.run('showmount', '-e', '127.0.0.1')).output, /data/)
  t.match((await network.run('rpcinfo', '-T', 'udp', '127.0.0.1', 'mountd', '3')).output, /ready and waiting/)
  nfsd.kill('SIGTERM')
  t.match(await nfsd.ended, { code: 0 })
  t.same(await listed(network), [])
})

t.test('registrations of a server that died are replaced', { skip }, async (t) => {
  const network = await PrivateNetwork.start(t)
  await startRpcbind(network)
  const dead = await startNfsd(t, network, '--port', '3001', '--mount-port', '3002')
  await dead.close()
  t.same(await listed(network), ours(3001, 3002), 'it left them behind')
  const nfsd = await startNfsd(t, network)
  t.same(await listed(network), ours(2049, 20048))
  nfsd.kill('SIGTERM')
  await nfsd.ended
  t.same(await listed(network), [])
})

t.test('those of a server that lives are not', { skip }, async (t) => {
  const network = await PrivateNetwork.start(t)
  await startRpcbind(network)
  await startNfsd(t, network)
  const other = await startNfsd(t, network, '--port', '3001', '--mount-port', '3002')
  await other
    .waitFor('stdout', /another server|clients cannot ask port 111/)
    .catch(() => other.waitFor('stderr', /another server|clients cannot ask port 111/))
  t.same(await listed(network), ours(2049, 20048))
  other.kill('SIGTERM')
  await other.ended
  t.same(await listed(network), ours(2049, 20048), 'and it takes back only its own')
})
