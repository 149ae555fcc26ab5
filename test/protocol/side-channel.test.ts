/** Who gets a session of the side channel, by a real fsva-nfsd; and that nobody else is harmed by those who do not. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ok } from '../fixtures/nfs-client.ts'
import { frame, greet, RendezvousPeer } from '../fixtures/rendezvous-peer.ts'
import { type SideChannelConfig, SideChannelServer } from '../fixtures/side-channel-server.ts'

t.setTimeout(240_000)

const mib = 1 << 20
const bySocket = 'side_channel: { socket: DIR/run/nfsd.sock, memory_bytes_max: 16777216 }'
const byTcp = `side_channel:
  listen: [127.0.0.1]
  port: 0
  devices: [{ path: DIR/memory, offset: 2097152, bytes: 16777216, client: 127.0.0.1 }]`

async function started(t: Test, config: SideChannelConfig): Promise<SideChannelServer> {
  const server = new SideChannelServer(config)
  t.teardown(() => server.close())
  const memory = join(server.directory, 'memory')
  writeFileSync(memory, '')
  truncateSync(memory, 64 * mib)
  await server.start()
  return server
}

const isRoot = process.getuid?.() === 0

t.test('without the section, nothing listens', async (t) => {
  const server = await started(t, { sideChannel: '' })
  t.equal(existsSync(join(server.directory, 'run')), false)
  t.equal(await server.figure('sessions'), undefined)
  t.notMatch(server.process!.stdout, / side-channel \//)
})

t.test('a client on this machine', async (t) => {
  const server = await started(t, { sideChannel: bySocket })
  const { peer, answer } = await greet(server.socket, { fsva: 1, clientAddress: '10.1.2.3' })
  t.match(answer, { ok: true, region: 'memfd', offset: 0, bytes: 16 * mib, instance: /^[0-9a-f]{16}$/ })
  t.equal(answer?.exports?.[0]?.path, server.exported)
  t.match(answer?.exports?.[0]?.coherence, /^(complete|partial|none)$/)
  t.equal(await server.figure('sessions'), 1)
  const other = await greet(server.socket, { fsva: 1, bytes: 9 * mib })
  t.equal(other.answer?.bytes, 10 * mib)
  t.not(other.answer?.instance, answer?.instance)
  t.equal(other.answer?.server, answer?.server)
  peer.end()
  other.peer.end()
  await server.figureReaches('sessions', 0, true)
  t.equal(await server.figure('sessions_begun_total'), 2)
  t.equal(await server.figure('sessions_ended_total{how="gone"}'), 2)
  await server.hasLogged(/session of 10\.1\.2\.3 ended: the client is gone/)
})

t.test('who the exports do not admit is told so', async (t) => {
  const server = await started(t, {
    sideChannel: bySocket,
    exported: 'secure: false, clients: [192.0.2.0/24, 127.0.0.1]',
  })
  const refused = await greet(server.socket, { fsva: 1, clientAddress: '198.51.100.1' })
  t.match(refused.answer, { ok: false, error: /no export admits 198\.51\.100\.1/, advice: /clients/ })
  await refused.peer.closed
  const admitted = await greet(server.socket, { fsva: 1, clientAddress: '192.0.2.9' })
  t.equal(admitted.answer?.ok, true)
  t.equal(await server.figure('refused_total'), 1)
})

t.test('an export that is shut for it is there by NFS alone', async (t) => {
  const server = await started(t, { sideChannel: bySocket, exported: 'secure: false, side_channel: false' })
  const { answer } = await greet(server.socket)
  t.match(answer, { ok: false, error: /no export admits/ })
  ok(await server.client.getattr(await server.root()))
})

t.test(
  'users of this machine who are neither root nor the server',
  { skip: !isRoot && 'needs root' },
  async (t) => {
    const server = await started(t, { sideChannel: bySocket })
    for (const path of [server.directory, join(server.directory, 'run')]) chmodSync(path, 0o755)
    const visit = (uid: number) => {
      const code = `require('net').connect('${server.socket}')
      .on('error', (error) => console.log(error.code))
      .on('connect', function () { this.write(Buffer.from('${frame('{"fsva":1}').toString('hex')}', 'hex')) })
      .on('data', (data) => { console.log(data.subarray(4).toString()); process.exit() })
      .on('close', () => console.log('closed'))`
      return spawnSync(process.execPath, ['-e', code], { uid, encoding: 'utf8' }).stdout
    }
    t.match(visit(65534), /^EACCES/, 'the socket is not theirs to open')
    chmodSync(server.socket, 0o666)
    const heard = visit(65534)
    t.match(heard, /closed/, 'and what the kernel says of them counts, too')
    t.notMatch(heard, /ok/)
    await server.hasLogged(/it is neither root nor this server's user/)
    t.match(visit(0), /"ok":true/)
  },
)

t.test('another machine needs a device and, where secure demands it, a port of root', async (t) => {
  const server = await started(t, { sideChannel: byTcp, exported: 'secure: true' })
  const refused = await greet(server.channelPort)
  t.match(refused.answer, { ok: false, error: /port is not below 1024/ })
  if (!isRoot) return
  const admitted = await greet(server.channelPort, { fsva: 1, clientAddress: '192.0.2.1' }, 871)
  t.match(admitted.answer, { ok: true, region: 'device', offset: 2 * mib, bytes: 16 * mib })
  await server.hasLogged(/session of 127\.0\.0\.1 begun/)
  const second = await greet(server.channelPort, { fsva: 1 }, 872)
  t.match(second.answer, { ok: false, error: /has a session already/, advice: 'try again' })
  t.equal(await server.figure('sessions'), 1, 'the first one is none the worse')
  admitted.peer.end()
  await server.figureReaches('sessions', 0, true)
  const third = await greet(server.channelPort, { fsva: 1 }, 873)
  t.equal(third.answer?.instance, admitted.answer?.instance)
})

t.test('a device keeps its region over kill -9', async (t) => {
  const server = await started(t, { sideChannel: byTcp })
  const before = await greet(server.channelPort)
  await server.kill()
  await before.peer.closed
  await server.start()
  const after = await greet(server.channelPort)
  t.equal(after.answer?.instance, before.answer?.instance)
  t.not(after.answer?.server, before.answer?.server)
  await server.hasLogged(/begun: .*as they were/)
  await server.kill()
  writeFileSync(join(server.directory, 'memory'), Buffer.alloc(64 * mib))
  await server.start()
  const zeroed = await greet(server.channelPort)
  t.not(zeroed.answer?.instance, before.answer?.instance, 'control: memory that lost its header is made anew')
})

t.test('a device that cannot be used', async (t) => {
  const server = new SideChannelServer({ sideChannel: byTcp })
  t.teardown(() => server.close())
  writeFileSync(join(server.directory, 'memory'), Buffer.alloc(4096))
  await t.rejects(server.start(), { message: /side_channel\.devices: .*\/memory: it has 4096 bytes/ })
})

t.test('no more sessions than there may be', async (t) => {
  const server = await started(t, {
    sideChannel: 'side_channel: { socket: DIR/run/nfsd.sock, sessions_max: 2, memory_bytes_max: 8388608 }',
  })
  const [one, two] = [await greet(server.socket), await greet(server.socket)]
  t.same([one.answer?.ok, two.answer?.ok], [true, true])
  t.match((await greet(server.socket)).answer, { ok: false, advice: /sessions_max/ })
  one.peer.end()
  await server.figureReaches('sessions', 1, true)
  t.equal((await greet(server.socket)).answer?.ok, true)
})

t.test('nonsense, silence and crowds harm nobody', async (t) => {
  const server = await started(t, { sideChannel: bySocket })
  const session = await greet(server.socket)
  const root = await server.root()
  const garbage = [
    Buffer.alloc(0),
    Buffer.alloc(4),
    Buffer.alloc(5000, 0xff),
    frame('{}', 4097),
    frame('{"fsva":1}', 5),
    frame('not json'),
    frame('[[[['),
    frame('{"fsva":99}'),
    frame('{"fsva":1,"clientAddress":"../../etc"}'),
    frame(Buffer.from([0xff, 0xfe])),
    ...fc
      .sample(fc.uint8Array({ maxLength: 200 }), 40)
      .map((bytes) => frame(bytes, Math.max(bytes.length, 1))),
    ...fc.sample(fc.uint8Array({ maxLength: 200 }), 20).map((bytes) => Buffer.from(bytes)),
  ]
  const attack = async () => {
    for (const bytes of garbage) {
      const peer = await RendezvousPeer.connect(server.socket)
      peer.socket.end(bytes)
      await peer.closed
    }
    const crowd: RendezvousPeer[] = []
    for (let i = 0; i < 1000; i++) crowd.push(await RendezvousPeer.connect(server.socket))
    // The kernel's queue has some, and a few may wait for what they never say; the others were displaced.
    await Promise.all(crowd.slice(0, 500).map((peer) => peer.closed))
    for (const peer of crowd) peer.end()
  }
  let over = false
  const attacking = attack().finally(() => {
    over = true
  })
  let calls = 0
  while (!over) {
    ok(await server.client.getattr(root))
    calls++
  }
  await attacking
  t.ok(calls > 10, `NFS went on: ${calls} calls`)
  t.equal(session.peer.isClosed, false, 'the session went on')
  t.equal((await greet(server.socket)).answer?.ok, true, 'whoever speaks is heard')
  await server.figureReaches('refused_total', 500)
  t.ok(server.logged(/was refused/) < 100, 'the log is bounded')
})

t.test('a reload that takes an export away ends the sessions that had it', async (t) => {
  const both: SideChannelConfig = { sideChannel: bySocket, exports: '  - { path: DIR/more, secure: false }' }
  const server = new SideChannelServer(both)
  t.teardown(() => server.close())
  mkdirSync(join(server.directory, 'more'))
  await server.start()
  const { peer, answer } = await greet(server.socket)
  t.equal(answer?.exports?.length, 2)
  await server.reload()
  t.equal(peer.isClosed, false, 'control: nothing changed')
  server.configure({ sideChannel: bySocket })
  await server.reload()
  await peer.closed
  await server.figureReaches('sessions_ended_total{how="closed"}', 1)
  const again = await greet(server.socket)
  t.equal(again.answer?.exports?.length, 1)
  server.configure({ sideChannel: bySocket, exported: 'secure: false, clients: [192.0.2.1]' })
  await server.reload()
  await again.peer.closed
  t.match((await greet(server.socket)).answer, { ok: false, error: /no export admits 127\.0\.0\.1/ })
})

t.test('the end of the server', async (t) => {
  const server = await started(t, { sideChannel: bySocket })
  const { peer } = await greet(server.socket)
  const ended = await server.stop()
  await peer.closed
  t.equal(ended.code, 0)
  t.match(ended.stderr, /session of 127\.0\.0\.1 ended: by the server/)
  t.equal(existsSync(server.socket), false)
})
