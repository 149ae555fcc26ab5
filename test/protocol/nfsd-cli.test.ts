import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES as mount3,
} from '../../nfs-server/xdr/generated/mount.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_PROCEDURES as nfs3 } from '../../nfs-server/xdr/generated/nfs3.ts'
import { NfsdProcess } from './nfsd-process.ts'

// Many processes, each of which takes its time on a busy machine.
t.setTimeout(120_000)

const directory = mkdtempSync(join(tmpdir(), 'fsva-cli-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const exported = join(directory, 'exported dir')
const other = join(directory, 'other')
for (const path of [exported, other]) mkdirSync(path)

let states = 0
function ports(): string[] {
  const state = join(directory, `state-${states++}`)
  return ['--port', '0', '--mount-port', '0', '--no-rpcbind', '--state-dir', state, '--log-format', 'json']
}

function start(t: Tap, args: readonly string[], options: ConstructorParameters<typeof NfsdProcess>[1] = {}) {
  const nfsd = new NfsdProcess(args, options)
  t.teardown(() => nfsd.close())
  return nfsd
}
type Tap = Pick<typeof t, 'teardown'>

async function exportsOf(port: number): Promise<string[]> {
  const client = await TcpRpcClient.connect({ host: '127.0.0.1', port })
  try {
    const list = await client.call(MOUNT_PROGRAM, MOUNT_V3, mount3.MOUNTPROC3_EXPORT, undefined)
    return list.map(({ ex_dir }) => Buffer.from(ex_dir).toString())
  } finally {
    client.close()
  }
}

async function pingNfs(port: number): Promise<void> {
  const client = await TcpRpcClient.connect({ host: '127.0.0.1', port })
  try {
    await client.call(NFS_PROGRAM, NFS_V3, nfs3.NFSPROC3_NULL, undefined)
  } finally {
    client.close()
  }
}

t.test('serves, says so on one line, and stops on SIGTERM', async (t) => {
  const nfsd = start(t, ['--export', exported, '--export', other, '--insecure', ...ports()])
  const ready = await nfsd.ready()
  t.match(
    ready.line,
    /^fsva-nfsd ready: nfs 127\.0\.0\.1:\d+ mount 127\.0\.0\.1:\d+ exports \S+exported%20dir \S+other$/,
  )
  t.not(ready.nfs, ready.mount)
  await pingNfs(ready.nfs)
  t.same(await exportsOf(ready.mount), [exported, other])
  nfsd.kill('SIGTERM')
  const { code, stdout, stderr } = await nfsd.ended
  t.equal(code, 0)
  t.equal(stdout, `${ready.line}\n`, 'nothing else on stdout')
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const last = lines.at(-1)
  t.match(last, { level: 30, msg: /stopped/, calls: { NULL: 1, 'mount.EXPORT': 1 } }, 'a summary at the end')
  t.ok(
    lines.some(({ msg }) => msg.includes(exported)),
    'the log says how each export is served',
  )
})

t.test('started by npx, it stops when npx is stopped', async (t) => {
  // As npx does: a shell in between, which a signal to npx ends and which tells nobody.
  const env = { npm_lifecycle_event: 'npx', npm_lifecycle_script: "'fsva-nfsd'" }
  const wrapper = ['sh', '-c', '"$@"; exit $?', 'sh']
  const nfsd = start(t, ['--export', exported, '--insecure', ...ports()], { env, wrapper })
  await nfsd.ready()
  nfsd.kill('SIGTERM')
  const { signal, stderr } = await nfsd.ended
  t.equal(signal, 'SIGTERM', 'the shell')
  t.match(stderr, /npx has ended: finishing/)
  t.match(stderr, /stopped; calls served/)
})

t.test('metrics', async (t) => {
  const nfsd = start(t, ['--export', exported, '--metrics-port', '0', ...ports()])
  const ready = await nfsd.ready()
  await pingNfs(ready.nfs)
  const response = await fetch(`http://127.0.0.1:${ready.metrics}/metrics`)
  t.equal(response.status, 200)
  const text = await response.text()
  t.match(text, /^fsva_calls_total\{program="nfs",version="3",procedure="NULL",status="NFS3_OK"\} 1$/m)
  t.match(text, /^fsva_connections_accepted_total 1$/m)
  t.match(text, /^fsva_received_bytes_total [1-9]/m)
  t.match(text, /^process_cpu_seconds_total /m)
  t.equal((await fetch(`http://127.0.0.1:${ready.metrics}/`)).status, 404)
  t.equal((await fetch(`http://127.0.0.1:${ready.metrics}/metrics`, { method: 'POST' })).status, 404)
  nfsd.kill('SIGUSR1')
  await nfsd.waitFor('stderr', /calls served so far/)
})

t.test('SIGHUP: a good config replaces the exports, a bad one changes nothing', async (t) => {
  const config = join(directory, 'reload.yaml')
  const write = (text: string) => writeFileSync(config, text)
  write(`exports: [{ path: "${exported}" }]\n`)
  const nfsd = start(t, ['--config', config, ...ports()])
  const { mount } = await nfsd.ready()
  t.same(await exportsOf(mount), [exported])

  write(`exports: [{ path: "${exported}" }, { path: ${other} }]\nport: 7\ndrain_seconds_max: 4\n`)
  nfsd.kill('SIGHUP')
  await nfsd.waitFor('stderr', /"configuration reloaded"/)
  t.same(await exportsOf(mount), [exported, other])
  t.match(nfsd.stderr, /drain_seconds_max has changed: this takes effect when/)
  t.notMatch(nfsd.stderr, /"port has changed/, 'the command line has fixed the port')

  write(`exports:\n  - path: ${other}\n    squash: rootsquash\n`)
  nfsd.kill('SIGHUP')
  await nfsd.waitFor(
    'stderr',
    /configuration not reloaded, the old one stays in force: [^ ]*reload\.yaml:3:13/,
  )
  t.same(await exportsOf(mount), [exported, other])
})

t.test('a SIGHUP that comes before it is ready waits until then', async (t) => {
  const whenItOpensPorts = `
    import { Socket } from 'node:dgram'
    const { bind } = Socket.prototype
    Socket.prototype.bind = function (...where) {
      process.kill(process.pid, 'SIGHUP')
      return bind.apply(this, where)
    }`
  const imported = `data:text/javascript,${encodeURIComponent(whenItOpensPorts)}`
  // Not by `env`, in which tap puts a handler of its own for the signal.
  const wrapper = ['env', `NODE_OPTIONS=--import=${imported}`]
  const nfsd = start(t, ['--export', exported, ...ports()], { wrapper })
  await nfsd.ready()
  await nfsd.waitFor('stderr', /"configuration reloaded"/)
})

t.test('--check-config', async (t) => {
  const config = join(directory, 'check.yaml')
  writeFileSync(config, `exports: [{ path: ${other}, sync: false }]\n`)
  const good = await start(t, ['--config', config, '--check-config']).ended
  t.match(good, { code: 0, stdout: 'fsva-nfsd: the configuration is good: 1 export\n' })
  t.match(good.stderr, /warning: .*check\.yaml:1:.*async/)
  writeFileSync(config, `exports: [{ path: ${other} }]\nprot: 1\n`)
  const bad = await start(t, ['--config', config, '--check-config']).ended
  t.match(bad, { code: 2, stdout: '', stderr: /check\.yaml:2:1: prot: unknown key; did you mean port\?/ })
})

t.test('what it cannot start with, it explains', async (t) => {
  const failing = async (args: string[], code: number, message: RegExp) => {
    const ended = await start(t, args).ended
    t.equal(ended.code, code, args.join(' '))
    t.match(ended.stderr, message)
    t.equal(ended.stdout, '')
  }
  await failing([], 2, /nothing to export: give --export DIR or --config FILE/)
  await failing(['--export', join(directory, 'none')], 2, /none" does not exist/)
  await failing(['--export', ''], 2, /It is empty/)
  await failing(['--exprot', exported], 2, /Did you mean --export\?/)
  await failing([exported], 2, /did you mean --export\?/)
  await failing(['--export', exported, ...ports(), '--listen', 'localhost'], 2, /must be an IP address/)
  await failing(
    ['--export', exported, ...ports(), '--listen', '192.0.2.77'],
    1,
    /not an address of this machine/,
  )

  const state = join(directory, 'state-of-another-make')
  mkdirSync(state, { mode: 0o700 })
  mkdirSync(join(state, 'locks.json.now'))
  await failing(
    ['--export', exported, ...ports(), '--state-dir', state],
    1,
    /"cannot write to the state directory: EISDIR: [^"]*locks\.json\.now' \(--state-dir DIR chooses another/,
  )

  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  await failing(
    ['--export', exported, ...ports(), '--port', String(port)],
    1,
    new RegExp(`port ${port} \\(NFS\\) is in use by another program.*--port N`),
  )
})

t.test('a state directory serves one server at a time', async (t) => {
  const args = ['--export', exported, ...ports()]
  const first = start(t, args)
  await first.ready()
  const state = args[args.indexOf('--state-dir') + 1]!
  t.equal(statSync(state).mode & 0o777, 0o700)
  const second = await start(t, args).ended
  t.equal(second.code, 1)
  t.match(second.stderr, new RegExp(`in use by another server \\(process ${first.pid}\\)`))
  first.kill('SIGKILL')
  await first.ended
  const third = start(t, args)
  await third.ready()
  t.pass('a server that was killed leaves no lock')
})

t.test('goes on when nobody reads its output any more', async (t) => {
  for (const format of ['json', 'pretty']) {
    const nfsd = start(t, ['--export', exported, ...ports(), '--log-format', format])
    const { nfs } = await nfsd.ready()
    nfsd.closePipes()
    for (let i = 0; i < 3; i++) {
      nfsd.kill('SIGUSR1')
      await pingNfs(nfs)
    }
    nfsd.kill('SIGTERM')
    t.equal((await nfsd.ended).code, 0, format)
  }
})

t.test('--version and --help', async (t) => {
  t.match(await start(t, ['--version']).ended, { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
  const help = await start(t, ['--help']).ended
  t.equal(help.code, 0)
  for (const wanted of ['--export', '--state-dir', 'Examples:', 'mount -t nfs', 'SIGHUP']) {
    t.ok(help.stdout.includes(wanted), wanted)
  }
})
