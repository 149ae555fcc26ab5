import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Accepted } from '../../../nfs-server/rpc/acceptor.ts'
import { Dispatcher } from '../../../nfs-server/rpc/dispatch.ts'
import type { RpcLimits } from '../../../nfs-server/rpc/limits.ts'
import { RpcListener } from '../../../nfs-server/rpc/listener.ts'
import { acceptNatively } from '../../../nfs-server/rpc/listener-native.ts'
import type { Stream, StreamUser } from '../../../nfs-server/rpc/stream.ts'
import { HostilePeer } from '../../fixtures/hostile-peer.ts'
import { echoProgramNumber, echoVersion, programOf } from './echo-program.ts'
import { accepted, call, opaque, record, words } from './wire.ts'

type Handlers = Parameters<typeof programOf>[0]

async function serve(t: Test, handlers: Handlers, limits: Partial<RpcLimits> = {}) {
  const streams: Stream[] = []
  const users: StreamUser[] = []
  const refusals: string[] = []
  const listener = new RpcListener({
    limits,
    accept: (address, port, onAccept, poll) => {
      const kept = (accepted: Accepted) =>
        onAccept({
          ...accepted,
          open: (user) => {
            const stream = accepted.open(user)
            streams.push(stream)
            users.push(user)
            return stream
          },
        })
      return acceptNatively(address, port, kept, poll)
    },
    onRefused: (_, reason) => refusals.push(reason),
  })
  t.teardown(() => listener.close())
  const { port } = await listener.listenTcp(new Dispatcher([programOf(handlers)]), {
    address: '127.0.0.1',
    port: 0,
  })
  return { listener, port, streams, users, refusals }
}

function echo(xid: number, procedure: number, bytes: Uint8Array = Buffer.from('hello')): Buffer {
  const of = { program: echoProgramNumber, version: echoVersion, procedure }
  return record(call({ ...of, xid, args: opaque(bytes) }))
}

const reply = (xid: number, bytes: Uint8Array = Buffer.from('hello')) =>
  Buffer.concat([accepted(xid, 0), opaque(bytes)])

const xids = (replies: readonly Buffer[]) => replies.map((bytes) => bytes.readUInt32BE(0))

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

/** A handler whose calls wait until they are let go. */
function gated() {
  const waiting: (() => void)[] = []
  let begun = 0
  return {
    handler: async (args: Uint8Array) => {
      begun++
      await new Promise<void>((resolve) => waiting.push(resolve))
      return args
    },
    get begun() {
      return begun
    },
    release: (count = waiting.length) => {
      for (const resolve of waiting.splice(0, count)) resolve()
    },
  }
}

t.test('pipelined calls, each answered as soon as it can be', async (t) => {
  const gate = gated()
  const { port } = await serve(t, { 1: (args) => args, 2: gate.handler })
  const peer = await HostilePeer.connect(port)
  await peer.send(Buffer.concat([echo(1, 2), echo(2, 1), echo(3, 2), echo(4, 1)]))
  t.same(await peer.waitForReplies(2), [reply(2), reply(4)], 'slow calls hold up nobody')
  gate.release()
  t.same(xids(await peer.waitForReplies(4)), [2, 4, 1, 3])
  peer.destroy()
})

t.test('replies that are ready together leave in one write', async (t) => {
  const gate = gated()
  const { port, streams } = await serve(t, { 1: (args) => args, 2: gate.handler })
  const peer = await HostilePeer.connect(port)
  await until(() => streams.length === 1)
  let writes = 0
  const stream = streams[0]!
  const write = stream.write.bind(stream)
  stream.write = (pieces, sent) => {
    writes++
    return write(pieces, sent)
  }
  const calls = (procedure: number) =>
    Buffer.concat(Array.from({ length: 100 }, (_, i) => echo(i, procedure)))
  await peer.send(calls(1))
  await peer.waitForReplies(100)
  // One read may be cut in two by the network, but not in a hundred.
  t.ok(writes <= 5, `${writes} writes for calls answered at once`)
  writes = 0
  await peer.send(calls(2))
  await until(() => gate.begun === 100)
  gate.release()
  await peer.waitForReplies(200)
  t.ok(writes <= 5, `${writes} writes for calls that were finished together`)
  peer.destroy()
})

t.test('data in calls and replies of every size comes through whole', async (t) => {
  const { port } = await serve(t, {
    1: (args) => args,
    2: async (args) => {
      await sleep(1)
      return args
    },
  })
  const peer = await HostilePeer.connect(port)
  const sizes = [0, 1, 1023, 1024, 16_000, 16_384, 40_000, 65_000, 65_536, 66_000, 200_000, 1 << 20]
  const data = sizes.map((size, i) => Buffer.alloc(size, `${i}`))
  const sent: Buffer[] = []
  // At once and mixed: the read buffer is used again and again while replies that point into it are unsent.
  for (let round = 0; round < 4; round++) {
    for (const [i, bytes] of data.entries()) sent.push(echo(round * 100 + i, 1 + ((i + round) % 2), bytes))
  }
  await peer.send(Buffer.concat(sent))
  const replies = await peer.waitForReplies(sent.length)
  const wrong = replies.filter((bytes) => {
    const xid = bytes.readUInt32BE(0)
    return !bytes.equals(reply(xid, data[xid % 100]!))
  })
  t.same(xids(wrong), [])
  t.equal(replies.length, sent.length)
  peer.destroy()
})

t.test('calls beyond the limit wait until others are answered', async (t) => {
  const gate = gated()
  const { port, listener } = await serve(t, { 1: gate.handler }, { callsPerConnectionMax: 4 })
  const peer = await HostilePeer.connect(port)
  await peer.send(Buffer.concat(Array.from({ length: 50 }, (_, i) => echo(i, 1))))
  await until(() => gate.begun === 4)
  await sleep(20)
  t.equal(gate.begun, 4)
  t.equal(listener.callCount, 4)
  gate.release(1)
  await until(() => gate.begun === 5)
  t.equal(listener.callCount, 4)
  while (gate.begun < 50) {
    gate.release()
    await sleep(1)
  }
  gate.release()
  t.same(
    xids(await peer.waitForReplies(50)).sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, i) => i),
  )
  peer.destroy()
})

t.test('so do calls whose records are too large together', async (t) => {
  const gate = gated()
  const { port } = await serve(t, { 1: gate.handler }, { bytesPerConnectionMax: 300_000 })
  const peer = await HostilePeer.connect(port)
  const sent = peer.send(
    Buffer.concat(Array.from({ length: 8 }, (_, i) => echo(i, 1, Buffer.alloc(100_000)))),
  )
  await until(() => gate.begun === 3)
  await sleep(20)
  t.equal(gate.begun, 3)
  while (gate.begun < 8) {
    gate.release()
    await sleep(1)
  }
  gate.release()
  await sent
  t.equal((await peer.waitForReplies(8)).length, 8)
  peer.destroy()
})

t.test('and calls of all connections together, of which each leaves some to others', async (t) => {
  const gate = gated()
  const { port } = await serve(t, { 1: gate.handler, 2: (args) => args }, { callsMax: 9 })
  const greedy = await HostilePeer.connect(port)
  const calls = Buffer.concat(Array.from({ length: 20 }, (_, i) => echo(i, 1)))
  await greedy.send(calls)
  await until(() => gate.begun === 3)
  await sleep(20)
  t.equal(
    gate.begun,
    3,
    'as many as are left to its address after that, and of those as many as to others of it',
  )
  const other = await HostilePeer.connect(port)
  await other.send(Buffer.concat([echo(2, 2), echo(1, 1)]))
  t.same(xids(await other.waitForReplies(1)), [2], 'another connection of the address is served')
  await until(() => gate.begun === 4)
  while (gate.begun < 21) {
    gate.release()
    await sleep(1)
  }
  gate.release()
  t.equal((await greedy.waitForReplies(20)).length, 20, 'none is forgotten')
  t.equal((await other.waitForReplies(2)).length, 2)
  for (const peer of [greedy, other]) peer.destroy()
})

t.test('a peer that does not read is not read from, and in the end dropped', async (t) => {
  const unsentMax = 1 << 20
  const big = Buffer.alloc(256 << 10)
  let answered = 0
  const { port, streams, listener } = await serve(
    t,
    {
      1: () => {
        answered++
        return big
      },
      2: (args) => args,
    },
    { replyBytesUnsentPerConnectionMax: unsentMax, sendTimeoutMs: 1500 },
  )
  const lazy = await HostilePeer.connect(port, false)
  void lazy.send(Buffer.concat(Array.from({ length: 1000 }, (_, i) => echo(i, 1))))
  await until(() => answered > 0)
  const peer = await HostilePeer.connect(port)
  for (let xid = 0; xid < 20; xid++) await peer.send(echo(xid, 2))
  t.equal((await peer.waitForReplies(20)).length, 20, 'others are served meanwhile')
  const { unsentBytes } = streams[0]!
  t.ok(unsentBytes > 0 && unsentBytes <= unsentMax + 2 * big.length, `${unsentBytes} bytes wait`)
  t.ok(answered < 1000, `${answered} calls were taken`)
  // A reset reaches only who reads.
  await until(() => listener.connectionCount === 1)
  t.ok(answered < 1000)
  peer.destroy()
  lazy.destroy()
})

t.test('when all unsent replies take too much memory, those who do not read go first', async (t) => {
  const big = Buffer.alloc(1 << 20)
  const { port, listener, refusals } = await serve(
    t,
    { 1: () => big, 2: (args) => args },
    { memoryBytesMax: 16 << 20, replyBytesUnsentPerConnectionMax: 8 << 20 },
  )
  const good = await HostilePeer.connect(port)
  const lazy = await Promise.all([1, 2, 3].map(() => HostilePeer.connect(port, false)))
  for (const peer of lazy) {
    void peer.send(Buffer.concat(Array.from({ length: 20 }, (_, i) => echo(i, 1))))
  }
  await until(() => refusals.length > 0)
  t.match(refusals[0], 'does not read its replies')
  await good.send(echo(1, 2))
  t.same(await good.waitForReplies(1), [reply(1)])
  t.ok(listener.connectionCount >= 1)
  for (const peer of [good, ...lazy]) peer.destroy()
})

t.test('records that have their memory are finished while others wait for some', async (t) => {
  const { port, listener } = await serve(t, { 1: () => new Uint8Array(0) }, { memoryBytesMax: 16 << 20 })
  const large = echo(1, 1, Buffer.alloc(1 << 20))
  const peers = await Promise.all(Array.from({ length: 16 }, () => HostilePeer.connect(port)))
  for (const peer of peers) await peer.send(large.subarray(0, 1000))
  await until(() => listener.memoryBytes > 4 << 20)
  t.ok(listener.memoryBytes <= 16 << 20, `${listener.memoryBytes} bytes held`)
  for (const peer of peers) void peer.send(large.subarray(1000))
  for (const peer of peers) t.equal((await peer.waitForReplies(1)).length, 1)
  for (const peer of peers) peer.destroy()
  await until(() => listener.connectionCount === 0)
  t.equal(listener.memoryBytes, 0, 'all of it is given back')
})

t.test('a peer that has ended its side still gets its replies', async (t) => {
  const gate = gated()
  const { port, listener } = await serve(t, { 1: gate.handler }, { callsPerConnectionMax: 4 })
  const peer = await HostilePeer.connect(port)
  await peer.send(Buffer.concat(Array.from({ length: 10 }, (_, i) => echo(i, 1))))
  peer.socket.end()
  await until(() => gate.begun === 4)
  while (gate.begun < 10) {
    gate.release()
    await sleep(1)
  }
  gate.release()
  await peer.closed
  t.equal(peer.replies().length, 10, 'also to calls that had to wait')
  await until(() => listener.connectionCount === 0)
})

t.test('what is no call ends the connection, after the replies that were due', async (t) => {
  const { port } = await serve(t, { 1: (args) => args }, { recordBytesMax: 4096 })
  const nonsense = {
    'a reply': record(words(1, 1, 0, 0, 0, 0)),
    'an empty record': words(0x8000_0000),
    'a record that is too large': words(0x8000_1001),
    'half a header': record(call({ program: 1, version: 1, procedure: 1 }).subarray(0, 30)),
  }
  for (const [name, bytes] of Object.entries(nonsense)) {
    const peer = await HostilePeer.connect(port)
    await peer.send(Buffer.concat([echo(1, 1), bytes, echo(2, 1)]))
    await peer.closed
    t.same(peer.replies(), [reply(1)], name)
  }
})

t.test('who has sent a large record and nothing behind it does not stop reading', async (t) => {
  const { port, streams } = await serve(t, { 1: () => new Uint8Array(0) })
  const peer = await HostilePeer.connect(port)
  const other = await HostilePeer.connect(port)
  await until(() => streams.length === 2)
  let resumed = 0
  for (const stream of streams) {
    const resume = stream.resume.bind(stream)
    stream.resume = () => {
      resumed++
      resume()
    }
  }
  for (let xid = 1; xid <= 5; xid++) {
    await peer.send(echo(xid, 1, Buffer.alloc(1 << 20)))
    await peer.waitForReplies(xid)
  }
  t.equal(resumed, 0)
  for (const each of [peer, other]) each.destroy()
})

t.test('connections of one event loop know of each other, whatever port they came to', async (t) => {
  const { port, listener, users } = await serve(t, { 1: (args) => args })
  const other = await listener.listenTcp(new Dispatcher([programOf({})]), { address: '127.0.0.1', port: 0 })
  const first = await HostilePeer.connect(port)
  await until(() => users.length === 1)
  t.notOk(users[0]!.isShared())
  const second = await HostilePeer.connect(other.port)
  await until(() => listener.connectionCount === 2)
  t.ok(users[0]!.isShared())
  second.destroy()
  await until(() => listener.connectionCount === 1)
  t.notOk(users[0]!.isShared())
  first.destroy()
})

t.test('too many connections', async (t) => {
  const { port, listener, refusals } = await serve(t, {}, { connectionsMax: 3, connectionsPerAddressMax: 2 })
  const peers = [await HostilePeer.connect(port), await HostilePeer.connect(port)]
  await until(() => listener.connectionCount === 2)
  await (await HostilePeer.connect(port)).closed
  t.same(refusals, ['too many connections from this address'])
  peers[0]!.destroy()
  await until(() => listener.connectionCount === 1)
  peers.push(await HostilePeer.connect(port))
  await until(() => listener.connectionCount === 2)
  for (const peer of peers) peer.destroy()
  await until(() => listener.connectionCount === 0)

  const small = await serve(t, {}, { connectionsMax: 1 })
  const only = await HostilePeer.connect(small.port)
  await until(() => small.listener.connectionCount === 1)
  await (await HostilePeer.connect(small.port)).closed
  t.same(small.refusals, ['too many connections'])
  only.destroy()
})

t.test('idle connections and unfinished records are not waited for', async (t) => {
  const { port, listener } = await serve(
    t,
    { 1: (args) => args },
    { idleTimeoutMs: 1200, recordTimeoutMs: 1200 },
  )
  const idle = await HostilePeer.connect(port)
  const busy = await HostilePeer.connect(port)
  const slow = await HostilePeer.connect(port)
  await slow.send(echo(1, 1).subarray(0, 20))
  const dripping = setInterval(() => {
    void slow.send(Buffer.of(0))
    void busy.send(echo(1, 1))
  }, 100)
  await Promise.all([idle.closed, slow.closed])
  t.equal(busy.isClosed, false)
  t.equal(listener.connectionCount, 1)
  clearInterval(dripping)
  busy.destroy()
})

t.test('draining finishes what was begun and takes nothing new', async (t) => {
  const gate = gated()
  const { port, listener } = await serve(t, { 1: gate.handler, 2: (args) => args })
  const peer = await HostilePeer.connect(port)
  const idle = await HostilePeer.connect(port)
  await peer.send(echo(1, 1))
  await until(() => gate.begun === 1)
  const drained = listener.drain(5000)
  await idle.closed
  await peer.send(echo(2, 2))
  await t.rejects(HostilePeer.connect(port))
  t.equal(peer.isClosed, false)
  gate.release()
  await drained
  await peer.closed
  t.same(peer.replies(), [reply(1)])
  t.equal(listener.connectionCount, 0)
})

t.test('draining does not wait for ever', async (t) => {
  const gate = gated()
  const { port, listener } = await serve(t, { 1: gate.handler })
  const peer = await HostilePeer.connect(port)
  await peer.send(echo(1, 1))
  await until(() => gate.begun === 1)
  await listener.drain(50)
  await peer.closed
  t.same(peer.replies(), [])
  gate.release()
})

t.test('a connection that is cut while calls run', async (t) => {
  const gate = gated()
  const { port, listener } = await serve(t, { 1: gate.handler })
  const peer = await HostilePeer.connect(port)
  await peer.send(Buffer.concat([echo(1, 1), echo(2, 1)]))
  await until(() => gate.begun === 2)
  peer.socket.resetAndDestroy()
  await until(() => listener.connectionCount === 0)
  t.equal(listener.callCount, 2, 'they go on running, and count')
  gate.release()
  await until(() => listener.callCount === 0)
})
