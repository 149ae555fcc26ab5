/** What is left of a session when the server, or the client, is killed; with a real fsva-nfsd and the native client. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type ChannelProbe, startChannelProbe } from '../fixtures/channel-probe.ts'
import { type Handle, ok } from '../fixtures/nfs-client.ts'
import { SideChannelServer } from '../fixtures/side-channel-server.ts'

// The probe is compiled first.
t.setTimeout(600_000)

const sideChannel = 'side_channel: { socket: DIR/run/nfsd.sock, memory_bytes_max: 33554432 }'

interface Scene {
  readonly server: SideChannelServer
  readonly probe: ChannelProbe
  readonly file: Handle
}

/** Of a file that changed less than a tick of the clock ago, the server vouches for nothing. */
const settledMs = 100
const patienceMs = 60_000

/** Nobody stores through mappings, so attributes can vouch for pages. */
const exported = 'secure: false, mapped_stores: false'

/** A file of 'first', opened by the probe. */
async function scene(t: Test, rules = exported): Promise<Scene> {
  const server = new SideChannelServer({ sideChannel, exported: rules })
  t.teardown(() => server.close())
  await server.start()
  const probe = await startChannelProbe(server.socket)
  t.teardown(() => probe.kill())
  const file = ok(await server.client.create(await server.root(), 'file')).obj!.data
  ok(await server.client.write(file, 0n, Buffer.from('first')))
  await delay(settledMs)
  t.equal(await probe.tell(`open ${Buffer.from(file).toString('hex')}`), 'opened')
  return { server, probe, file }
}

t.test('a killed server: the memory goes on, and what was lent in it', async (t) => {
  const { server, probe, file } = await scene(t)
  t.equal(await probe.tell('map 0 4096'), 'mapped 5')
  t.equal(await probe.tell('mapped'), 'valid first')
  const before = await probe.tell('server')
  await server.kill()
  await server.start()
  t.equal(await probe.tell('read 0 100'), 'read first', 'the file is open as before')
  const after = await probe.tell('server')
  t.not(after.split(' ')[0], before.split(' ')[0])
  t.equal(after.split(' ')[1], '2')
  await server.hasLogged(/begun: 33554432 bytes of a memory file, as they were/)
  await server.figureReaches('restored_grants_total', 1)
  t.equal(await becomes(probe, 'valid'), 'valid first')
  ok(await server.client.write(file, 0n, Buffer.from('other')))
  t.match(await becomes(probe, 'stale'), /^stale /, 'the new process takes back what the old one lent')
})

t.test(
  'a killed server: pages that somebody may have stored to unseen are not the file any more',
  async (t) => {
    const { server, probe } = await scene(t, 'secure: false, mapped_stores: true')
    t.equal(await probe.tell('map 0 4096'), 'mapped 5')
    t.equal(await probe.tell('mapped'), 'valid first')
    await server.kill()
    await server.start()
    t.equal(await probe.tell('read 0 100'), 'read first')
    await server.figureReaches('invalidated_grants_total', 1)
    t.match(await becomes(probe, 'stale'), /^stale /)
  },
)

t.test('a killed server, and a file that changed meanwhile', async (t) => {
  const { server, probe, file } = await scene(t)
  t.equal(await probe.tell('map 0 4096'), 'mapped 5')
  await server.kill()
  // The handle is good for the next process, whose NFS client changes it before the probe asks for anything.
  await server.start()
  ok(await server.client.write(file, 0n, Buffer.from('other')))
  t.equal(await probe.tell('read 0 100'), 'read other')
  t.match(await becomes(probe, 'stale'), /^stale /)
})

t.test('a killed client: its successor begins with nothing', async (t) => {
  const { server, probe, file } = await scene(t)
  t.equal(await probe.tell('map 0 4096'), 'mapped 5')
  await server.figureReaches('lent_grants', 1)
  await probe.kill()
  await server.figureReaches('sessions', 0, true)
  t.equal(await server.figure('open_files'), 0)
  t.equal(await server.figure('lent_grants'), 0)
  const successor = await startChannelProbe(server.socket)
  t.teardown(() => successor.kill())
  t.equal(await successor.tell(`open ${Buffer.from(file).toString('hex')}`), 'opened')
  t.equal(await successor.tell('write 0 third'), 'written 5')
  t.equal(Buffer.from(ok(await server.client.read(file, 0n, 100)).data).toString(), 'third')
})

t.test('an export that is taken away takes its pages with it', async (t) => {
  const { server, probe } = await scene(t)
  t.equal(await probe.tell('map 0 4096'), 'mapped 5')
  const more = '  - { path: DIR/run, secure: false }'
  server.configure({ sideChannel, exported, exports: more })
  await server.reload()
  await server.hasLogged(/begun: .*as they were/)
  t.equal(await probe.tell('read 0 100'), 'read first', 'control: one that is added takes nothing')
  server.configure({ sideChannel, exported })
  await server.reload()
  // What was asked with a buffer of the old memory is told so.
  const asked = await probe.tell('read 0 100')
  const read = asked === 'error the shared memory was made anew' ? await probe.tell('read 0 100') : asked
  t.equal(read, 'read first', 'the client has come again')
  t.match(await becomes(probe, 'stale'), /^stale /, 'to memory without the pages that it had')
})

/** What the mapping is as soon as it is what is wanted, or what it is after a long time. */
async function becomes(probe: ChannelProbe, state: 'valid' | 'stale'): Promise<string> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const mapped = await probe.tell('mapped')
    if (mapped.startsWith(state) || Date.now() > deadline) return mapped
    await delay(20)
  }
}
