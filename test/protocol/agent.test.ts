/** The agent and a real server, either of which ends when it should not. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { agentFiles } from '../../fsva-client/agent/agent-files.ts'
import { stopAgent } from '../../fsva-client/agent/stop-agent.ts'
import { socketDirectory } from '../fixtures/socket-directory.ts'
import { AgentProcess } from './agent-process.ts'
import { runClient } from './client-process.ts'
import { NfsdProcess } from './nfsd-process.ts'

// Many processes, each of which takes its time on a busy machine.
t.setTimeout(240_000)

interface Scene {
  readonly mountPoint: string
  readonly socket: string
  serve(): Promise<NfsdProcess>
  start(wrapper?: readonly string[]): AgentProcess
}

function scene(t: Test): Scene {
  const directory = socketDirectory(t, 'exported', 'mount')
  const socket = join(directory, 'channel')
  const mountPoint = join(directory, 'mount')
  process.env.FSVA_RUNTIME_DIRECTORY = join(directory, 'run')
  return {
    mountPoint,
    socket,
    async serve() {
      const exported = ['--export', join(directory, 'exported'), '--state-dir', join(directory, 'state')]
      const ports = ['--port', '0', '--mount-port', '0', '--no-rpcbind', '--insecure']
      const nfsd = new NfsdProcess([...exported, ...ports, '--side-channel', socket, '--log-format', 'json'])
      t.teardown(() => nfsd.close())
      await nfsd.ready()
      return nfsd
    },
    start(wrapper) {
      const agent = new AgentProcess(mountPoint, socket, wrapper)
      t.teardown(() => agent.close())
      return agent
    },
  }
}

t.test('stats and ping', async (t) => {
  const { mountPoint, serve, start } = scene(t)
  await serve()
  const agent = start()
  t.match(await agent.waitFor('up'), { options: { mountPoint }, pid: agent.pid, supervised: false })
  const ping = await runClient(['ping', mountPoint, '-c', '3', '-i', '0'])
  t.match(ping, {
    code: 0,
    stdout: /^(null call \d: [\d.]+ us\n){3}3 calls; min\/avg\/max\/p50\/p99 = ([\d.]+\/){4}[\d.]+ us\n$/,
  })
  const one = await runClient(['stats'])
  t.match(one, { code: 0, stdout: /^channel +up$/m }, 'without a mount point the only agent is meant')

  const second = start()
  t.match(await second.ended, { code: 8 }, 'a mount has one agent')
  t.match(second.stderr, /has an agent already/)
  t.match(await runClient(['stats', '/nowhere']), { code: 9, stderr: /\/nowhere has no agent/ })
})

t.test('the agent is killed', async (t) => {
  const { serve, start } = scene(t)
  const nfsd = await serve()
  const agent = start()
  await agent.waitFor('up')
  await nfsd.waitFor('stderr', /session of 127\.0\.0\.1 begun/)
  t.notMatch(nfsd.stderr, /session of 127\.0\.0\.1 ended/)
  agent.kill('SIGKILL')
  await agent.ended
  await nfsd.waitFor('stderr', /session of 127\.0\.0\.1 ended/)
  await start().waitFor('up')
  t.pass("and what it left is in nobody else's way")
})

t.test('the server is killed', async (t) => {
  const { mountPoint, serve, start } = scene(t)
  const first = await serve()
  const agent = start()
  await agent.waitFor('up')
  await first.close()
  t.match(await agent.waitFor('down'), { failure: 'the server has gone' })
  t.match(await runClient(['ping', mountPoint, '-c', '1']), { code: 9, stderr: /the channel is down/ })
  await serve()
  await agent.waitFor('up')
  t.match(await runClient(['ping', mountPoint, '-c', '1']), { code: 0 })
  t.match(agent.stderr, /the channel is down: NFS goes on alone/)
})

t.test('the server comes later', async (t) => {
  const { serve, start } = scene(t)
  const agent = start()
  t.match(await agent.waitFor('down'), { pid: agent.pid })
  await serve()
  await agent.waitFor('up')
})

const isRoot = process.getuid?.() === 0
const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0

t.test(
  'the control socket is not for others',
  { skip: !(isRoot && hasSetpriv) && 'needs root' },
  async (t) => {
    const { mountPoint, serve, start } = scene(t)
    await serve()
    await start().waitFor('up')
    const { control } = agentFiles(mountPoint)
    // The way there is open, so that it is the socket that refuses.
    for (let way = dirname(control); way.startsWith(dirname(mountPoint)); way = dirname(way))
      chmodSync(way, 0o755)
    const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
    t.match(await runClient(['stats', mountPoint], user), { code: 6, stderr: /is not for this user/ })
    chmodSync(control, 0o666)
    t.match(await runClient(['stats', mountPoint], user), { code: 0 }, 'it is its mode that refused')
  },
)

t.test("the unit's capabilities are enough", { skip: !(isRoot && hasSetpriv) && 'needs root' }, async (t) => {
  const { serve, start } = scene(t)
  await serve()
  const unit = readFileSync(
    join(import.meta.dirname, '..', '..', 'fsva-client', 'systemd', 'fsva-agent@.service'),
    'utf8',
  )
  const kept = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? []
  t.ok(kept.includes('CAP_DAC_READ_SEARCH'))
  const bounding = kept.map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`).join(',')
  await start(['setpriv', '--no-new-privs', '--bounding-set', `-all,${bounding}`]).waitFor('up')
})

t.test('it ends in order', async (t) => {
  const { mountPoint, serve, start } = scene(t)
  const nfsd = await serve()
  const { control } = agentFiles(mountPoint)
  const one = start()
  await one.waitFor('up')
  t.equal(existsSync(control), true)
  one.kill('SIGTERM')
  t.same(await one.ended, { code: 0, signal: null })
  t.equal(existsSync(control), false)
  await nfsd.waitFor('stderr', /session of 127\.0\.0\.1 ended/)

  const other = start()
  await other.waitFor('up')
  t.match(await stopAgent(mountPoint), { pid: other.pid })
  t.same(await other.ended, { code: 8, signal: null }, 'as before umount')
  t.equal(await stopAgent(mountPoint), undefined, 'there is none any more')
})
