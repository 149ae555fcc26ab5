/** The agent without a server: its channel is a double. */
import { statSync } from 'node:fs'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { Agent } from '../../../fsva-client/agent/agent.ts'
import { agentFiles } from '../../../fsva-client/agent/agent-files.ts'
import type { AgentChannel, ConnectChannel } from '../../../fsva-client/agent/channel.ts'
import { ControlClient } from '../../../fsva-client/agent/control-client.ts'
import type { AgentStatus } from '../../../fsva-client/agent/control-protocol.ts'
import { ControlServer } from '../../../fsva-client/agent/control-server.ts'
import { socketDirectory } from '../../fixtures/socket-directory.ts'

class FakeChannel implements AgentChannel {
  up = true
  isClosed = false
  readonly dataSocket = '/run/data.sock'

  ping(): Promise<number> {
    return Promise.resolve(1.5)
  }

  stats() {
    return { epoch: 7 }
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}

interface Said {
  level: string
  message: string
}

async function start(t: Test, connect: ConnectChannel) {
  const files = agentFiles('/mnt', { FSVA_RUNTIME_DIRECTORY: socketDirectory(t, 'agents') })
  const said: Said[] = []
  const sayAs =
    (level: string) =>
    (...words: unknown[]) =>
      void said.push({ level, message: String(words.at(-1)) })
  const log = { info: sayAs('info'), warn: sayAs('warn') }
  const mount = { isThere: true }
  const agent = await Agent.start({
    options: {
      mountPoint: '/mnt',
      rendezvous: { socket: '/nowhere', clientAddress: '127.0.0.1' },
      dataSocket: undefined,
      pushes: true,
    },
    files,
    log,
    connect,
    isMounted: () => mount.isThere,
  })
  t.teardown(() => agent.close())
  const client = (await ControlClient.connect(files.control))!
  t.teardown(() => client.close())
  const until = async (wanted: (status: AgentStatus) => boolean) => {
    for (;;) {
      const status = await client.ask('status')
      if (wanted(status)) return status
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return { agent, files, client, said, mount, until }
}

t.test('it says how it is', async (t) => {
  const { files, client, until } = await start(t, async () => new FakeChannel())
  const status = await until(({ channel }) => channel === 'up')
  t.match(status, { options: { mountPoint: '/mnt' }, pid: process.pid, dataSocket: '/run/data.sock' })
  t.same(await client.ask('ping'), { microseconds: 1.5 })
  t.match(await client.ask('stats'), { status, channel: { epoch: 7 } })
  t.equal(statSync(files.control).mode & 0o777, 0o600)
})

t.test('nobody at the other end', async (t) => {
  let attempts = 0
  const { client, said, until } = await start(t, async () => {
    if (++attempts < 4) throw new Error('nobody there')
    return new FakeChannel()
  })
  t.match(await client.ask('status'), { channel: 'down', failure: 'nobody there' })
  await t.rejects(client.ask('ping'), { exitCode: 9, message: 'the channel is down: nobody there' })
  t.match(await client.ask('stats'), { channel: null })
  await until(({ channel }) => channel === 'up')
  t.equal(attempts, 4)
  const warnings = said.filter(({ level }) => level === 'warn')
  t.same(
    warnings.map(({ message }) => message),
    ['no channel: nobody there; trying on'],
    'the same is said once',
  )
})

t.test('the channel goes and comes', async (t) => {
  const channel = new FakeChannel()
  const { said, until } = await start(t, async () => channel)
  await until((status) => status.channel === 'up')
  channel.up = false
  const status = await until(({ failure }) => failure !== undefined)
  t.match(status, { channel: 'down', failure: 'the server has gone' })
  channel.up = true
  t.equal((await until((status) => status.channel === 'up')).failure, undefined)
  t.ok(said.some(({ message }) => message === 'the channel is down: NFS goes on alone'))
})

t.test('it ends', async (t) => {
  const channel = new FakeChannel()
  const { agent, files, client, until } = await start(t, async () => channel)
  await until((status) => status.channel === 'up')
  await client.ask('stop')
  t.equal(await agent.ended, 'unmounted')
  await agent.close()
  t.equal(channel.isClosed, true)
  t.equal(await ControlClient.connect(files.control), undefined)
  await t.rejects(client.ask('status'), { exitCode: 9, message: 'the agent has ended' })
})

t.test('a channel that hangs does not keep it', async (t) => {
  const channel = new FakeChannel()
  const { agent, until } = await start(t, async () => channel)
  await until((status) => status.channel === 'up')
  const left = Promise.withResolvers<void>()
  channel.close = () => left.promise
  t.equal(await agent.close(1), false)
  left.resolve()
  t.equal(await agent.close(), true, 'and one that does not hang is waited for')
})

t.test('its mount ends', async (t) => {
  const { agent, mount } = await start(t, async () => new FakeChannel())
  mount.isThere = false
  t.equal(await agent.ended, 'unmounted')
})

t.test('it ends while it tries', async (t) => {
  const { agent } = await start(t, () => Promise.reject(new Error('nobody there')))
  agent.end('signal')
  t.equal(await agent.ended, 'signal')
  await agent.close()
})

t.test('a channel that comes too late is closed', async (t) => {
  const channel = new FakeChannel()
  const late = Promise.withResolvers<AgentChannel>()
  const { agent } = await start(t, () => late.promise)
  await agent.close()
  late.resolve(channel)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(channel.isClosed, true)
})

t.test('nonsense on the control socket', async (t) => {
  const directory = socketDirectory(t)
  const path = `${directory}/control`
  const nothing = () => {
    throw new Error('not now')
  }
  const server = await ControlServer.listen(path, {
    status: nothing,
    stats: nothing,
    ping: () => ({ microseconds: 1 }),
    stop: nothing,
  })
  t.teardown(() => server.close())
  const answers = async (sent: string) => {
    const socket = connect(path).setEncoding('utf8')
    let read = ''
    socket.on('error', () => {})
    socket.end(sent)
    for await (const text of socket) read += text
    return read
  }
  t.equal(await answers('{"op":"ping"}\n{"op":"'), '{"ok":true,"answer":{"microseconds":1}}\n')
  for (const line of ['', '[]', 'null', '{"op":"constructor"}', '{"op":1}', '{']) {
    t.equal(await answers(`${line}\n`), '{"ok":false,"error":"no such request"}\n', line)
  }
  t.equal(await answers('{"op":"status"}\n'), '{"ok":false,"error":"not now"}\n')
  t.equal(await answers('x'.repeat(5000)), '', 'who sends a line without end is cut off')
})
