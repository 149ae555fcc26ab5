import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { askRendezvous, coherenceOf, parseAnswer } from '../../../fsva-client/agent/ask-rendezvous.ts'
import { socketDirectory } from '../../fixtures/socket-directory.ts'

const clientAddress = '10.0.0.2'
const exports = [
  { path: '/srv', coherence: 'complete' },
  { path: '/srv/deep', coherence: 'partial', why: 'FUSE' },
] as const

t.equal(coherenceOf(exports, '/srv'), 'complete')
t.equal(coherenceOf(exports, '/srv/a'), 'complete')
t.equal(coherenceOf(exports, '/srv/deep/a'), 'partial', 'the innermost counts')
t.equal(coherenceOf(exports, '/srvother'), 'none')
t.equal(coherenceOf([{ path: '/', coherence: 'partial' }], '/any'), 'partial')

t.same(parseAnswer(JSON.stringify({ ok: true, exports })), [
  { path: '/srv', coherence: 'complete' },
  { path: '/srv/deep', coherence: 'partial' },
])
t.same(
  parseAnswer('{"ok":true,"exports":[{"path":1,"coherence":"complete"},{"path":"/a","coherence":"x"},0]}'),
  [],
)
t.throws(() => parseAnswer('{"ok":false,"error":"not you","advice":"be root"}'), {
  message: 'the server refuses: not you; be root',
})
for (const nonsense of ['', '1', 'null', '{"ok":true}', '{"ok":true,"exports":{}}']) {
  t.throws(() => parseAnswer(nonsense), nonsense)
}

/** A server that answers a hello with these bytes, or hangs up. */
async function answering(socketPath: string, answer: (hello: string) => Uint8Array): Promise<() => void> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', (hello) => socket.end(answer(hello.toString('utf8', 4))))
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return () => server.close()
}

function frame(text: string, length = Buffer.byteLength(text)): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(length)
  return Buffer.concat([head, Buffer.from(text)])
}

t.test('over a socket', async (t) => {
  const socket = join(socketDirectory(t), 's')
  let hello = ''
  const close = await answering(socket, (said) => {
    hello = said
    return frame(JSON.stringify({ ok: true, exports }))
  })
  t.teardown(close)
  t.equal((await askRendezvous({ socket, clientAddress })).length, 2)
  t.match(JSON.parse(hello), { fsva: 1, clientAddress })
})

t.test('what is no side channel', async (t) => {
  await t.rejects(askRendezvous({ socket: join(socketDirectory(t), 'none'), clientAddress }), {
    message: /^nobody listens at .*none$/,
  })
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('HTTP/1.1 400'),
    frame('{}', 5000),
    frame('{"ok":', 100),
  ]) {
    const socket = join(socketDirectory(t), `s${bytes.length}`)
    t.teardown(await answering(socket, () => bytes))
    await t.rejects(askRendezvous({ socket, clientAddress }), /not as the side channel/)
  }
})
