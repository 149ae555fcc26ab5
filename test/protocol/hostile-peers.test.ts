/** One malformed client never disturbs another. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { NFS_PROGRAM, NFS_V3 } from '../../nfs-server/xdr/generated/nfs3.ts'
import { callMessage, fragmented, HostilePeer, mark, record } from '../fixtures/hostile-peer.ts'
import { startWitnessed, type WitnessedServer } from '../fixtures/witnessed-server.ts'

// Far more than it takes; a machine that runs virtual machines beside it is slow.
t.setTimeout(120_000)

const procedure = { NULL: 0, GETATTR: 1, READ: 6 } as const
const recordBytesMax = 128 << 10

/** Opaque data as RFC 4506, section 4.10 has it. */
function opaque(bytes: Uint8Array): Buffer {
  const padded = Buffer.alloc(4 + ((bytes.length + 3) & ~3))
  padded.writeUInt32BE(bytes.length)
  padded.set(bytes, 4)
  return padded
}

function getattr(xid: number, { root }: WitnessedServer): Buffer {
  return callMessage(xid, NFS_PROGRAM, NFS_V3, procedure.GETATTR, opaque(root))
}

function read(xid: number, { bigFile }: WitnessedServer, count: number): Buffer {
  const position = Buffer.alloc(12)
  position.writeUInt32BE(count, 8)
  return callMessage(xid, NFS_PROGRAM, NFS_V3, procedure.READ, Buffer.concat([opaque(bigFile), position]))
}

t.test('garbage', async (t) => {
  const served = await startWitnessed(t)
  const strange = [
    Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    Buffer.from('16030100c8010000c403035f', 'hex'),
    Buffer.alloc(100_000),
    Buffer.alloc(100_000, 0xff),
    record(Buffer.alloc(0)),
    record(Buffer.alloc(64)),
    record(Buffer.alloc(64, 0xff)),
    ...fc.sample(fc.uint8Array({ minLength: 1, maxLength: 2000 }), 60),
    ...fc.sample(fc.uint8Array({ minLength: 1, maxLength: 2000 }), 60).map(record),
  ]
  await served.during(t, async () => {
    for (const bytes of strange) {
      const peer = await HostilePeer.connect(served.nfsPort)
      await peer.send(bytes)
      peer.socket.end()
      await peer.closed
    }
  })
  await served.connectionsDown(1)
  t.equal(served.server.metrics.transport.callsOutstanding, 0)
})

t.test('records that claim to be, or become, too long are cut off before they are stored', async (t) => {
  const served = await startWitnessed(t, { recordBytesMax })
  const received = () => served.server.metrics.transport.bytesReceived
  const attacks: [name: string, first: Buffer, more: Buffer][] = [
    ['a last fragment of 2 GiB', Buffer.from('ffffffff', 'hex'), Buffer.alloc(65536)],
    ['a first fragment of 2 GiB', Buffer.from('7fffffff', 'hex'), Buffer.alloc(65536)],
    ['one byte too many', mark(recordBytesMax + 1), Buffer.alloc(65536)],
    ['fragments that add up', Buffer.alloc(0), Buffer.concat([mark(4096, false), Buffer.alloc(4096)])],
    [
      'fragments that add up to 2^32',
      mark(4096, false),
      Buffer.concat([Buffer.alloc(4096), mark(0x7fffffff)]),
    ],
  ]
  for (const [name, first, more] of attacks) {
    const before = received()
    await served.during(t, async () => {
      const peer = await HostilePeer.connect(served.nfsPort)
      await peer.send(first)
      for (let i = 0; i < 2000 && !peer.isClosed; i++) await peer.send(more)
      await peer.closed
    })
    await served.connectionsDown(1)
    const bytes = received() - before
    t.ok(bytes < 2 * recordBytesMax, `${name}: ${bytes} bytes were read`)
  }
})

t.test('fragments without end', async (t) => {
  const served = await startWitnessed(t, { fragmentsMax: 500 })
  const received = () => served.server.metrics.transport.bytesReceived
  const emptyRecords = Buffer.concat(Array(1000).fill(mark(0)))
  const emptyFragments = Buffer.concat(Array(1000).fill(mark(0, false)))
  const byteFragments = fragmented(Buffer.alloc(1001), 1).subarray(0, 5000)
  for (const endless of [emptyRecords, emptyFragments, byteFragments]) {
    const before = received()
    await served.during(t, async () => {
      const peer = await HostilePeer.connect(served.nfsPort)
      for (let i = 0; i < 2000 && !peer.isClosed; i++) await peer.send(endless)
      await peer.closed
    })
    await served.connectionsDown(1)
    const bytes = received() - before
    t.ok(bytes < 1 << 20, `${bytes} of ${endless.length * 2000} bytes were read`)
  }
})

t.test('a call in pieces is still a call', async (t) => {
  const served = await startWitnessed(t)
  const call = getattr(7, served)
  for (const size of [1, 3, 4, 40]) {
    await served.during(t, async () => {
      const peer = await HostilePeer.connect(served.nfsPort)
      await peer.send(fragmented(call, size))
      const [whole] = await peer.waitForReplies(1)
      t.equal(whole?.readUInt32BE(0), 7, `fragments of ${size}`)
      for (const byte of fragmented(call, size)) {
        await peer.send(Buffer.from([byte]))
        await new Promise(setImmediate)
      }
      const replies = await peer.waitForReplies(2)
      t.same(replies[1]?.subarray(24, 28), Buffer.alloc(4), 'NFS3_OK for single bytes')
      peer.destroy()
    })
  }
  await served.connectionsDown(1)
})

t.test('a peer that never reads its replies stops being served', async (t) => {
  const served = await startWitnessed(t, { replyBytesUnsentPerConnectionMax: 1 << 20 })
  const replyBytes = 64 << 10
  const calls = 10_000
  const reads = () =>
    served.server.metrics.summary().NFSPROC3_READ ?? served.server.metrics.summary().READ ?? 0
  const deaf: HostilePeer[] = []
  await served.during(t, async () => {
    for (let i = 0; i < 3; i++) {
      const peer = await HostilePeer.connect(served.nfsPort, false)
      deaf.push(peer)
      const batch = Array.from({ length: calls }, (_, xid) => record(read(xid, served, replyBytes)))
      // Not awaited: the server stops reading before it has taken all of them.
      void peer.send(Buffer.concat(batch))
    }
  })
  // What was answered stays in the kernel's buffers, tens of megabytes at most, and below our own limit.
  const answered = await settled(served, reads)
  t.ok(answered > 3, `${answered} answered`)
  t.ok(answered < calls, `${answered} of ${3 * calls} calls were answered`)
  await served.during(t, async () => {})
  for (const peer of deaf) peer.destroy()
  await served.connectionsDown(1)
  t.equal(served.server.metrics.transport.callsOutstanding, 0)
})

t.test('small replies that nobody takes do not keep large memory', async (t) => {
  const served = await startWitnessed(t, {
    replyBytesUnsentPerConnectionMax: 64 << 20,
    bytesPerConnectionMax: 64 << 20,
  })
  const peer = await HostilePeer.connect(served.nfsPort, false)
  // More than the kernel buffers, so that what follows waits in ours.
  const fill = Array.from({ length: 400 }, (_, xid) => record(read(xid, served, 64 << 10)))
  await peer.send(Buffer.concat(fill))
  const reads = () => served.server.metrics.summary().READ ?? 0
  while (reads() < fill.length) await served.witness.lookup(served.root, 'big')
  const getattrs = () => served.server.metrics.summary().GETATTR ?? 0
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const memory = () => {
    collectGarbage()
    return process.memoryUsage().arrayBuffers
  }
  const count = 200
  const before = memory()
  for (let xid = 0; xid < count; xid++) {
    void peer.send(record(getattr(xid, served)))
    // Meanwhile others are answered 64 KiB, which is what one reply must not keep.
    const others = Array.from({ length: 66 }, () => served.witness.read(served.bigFile, 0n, 1000))
    await Promise.all(others)
  }
  t.equal(getattrs(), count, 'they were answered')
  // The collector gives memory back a little later, on threads of its own.
  let grown = memory() - before
  for (let tries = 0; grown >= 4 << 20 && tries < 50; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    grown = memory() - before
  }
  t.ok(grown < 4 << 20, `${count} replies of 116 bytes keep ${grown} bytes`)
  peer.destroy()
})

/** A figure that did not change while the witness was answered 50 times (its own reads excepted: it has none). */
async function settled(served: WitnessedServer, figure: () => number): Promise<number> {
  for (;;) {
    const before = figure()
    for (let i = 0; i < 50; i++) await served.witness.getattr(served.root)
    if (figure() === before) return before
  }
}

t.test('peers that stall in the middle of a record are dropped', async (t) => {
  const served = await startWitnessed(t, { recordTimeoutMs: 100 })
  const call = record(getattr(7, served))
  await served.during(t, async () => {
    const peers: HostilePeer[] = []
    for (const length of [1, 3, 4, 5, 20, call.length - 1]) {
      const peer = await HostilePeer.connect(served.nfsPort)
      await peer.send(call.subarray(0, length))
      peers.push(peer)
    }
    const trickle = await HostilePeer.connect(served.nfsPort)
    await trickle.send(Buffer.concat([call, call.subarray(0, 9)]))
    peers.push(trickle)
    await Promise.all(peers.map((peer) => peer.closed))
    t.equal(trickle.replies().length, 1, 'what was whole was answered')
  })
  await served.connectionsDown(1)
})

t.test('more connections than allowed are refused', async (t) => {
  const limits = { connectionsMax: 8, connectionsPerAddressMax: 6 }
  const served = await startWitnessed(t, limits)
  const { transport } = served.server.metrics
  const refusedBefore = transport.connectionsRefused
  const peers: HostilePeer[] = []
  await served.during(t, async () => {
    for (let i = 0; i < 20; i++) peers.push(await HostilePeer.connect(served.nfsPort))
    await Promise.all(peers.slice(5).map((peer) => peer.closed))
  })
  const after = served.server.metrics.transport
  t.equal(after.connections, limits.connectionsPerAddressMax)
  t.equal(after.connectionsRefused - refusedBefore, 15)
  t.equal(peers.filter((peer) => !peer.isClosed).length, 5, 'those who were there stay')
  for (const peer of peers) peer.destroy()
  await served.connectionsDown(1)
  const late = await HostilePeer.connect(served.nfsPort)
  await late.send(record(getattr(1, served)))
  t.equal((await late.waitForReplies(1)).length, 1, 'there is room again')
  late.destroy()
})

t.test('peers that vanish while they are answered', async (t) => {
  const served = await startWitnessed(t)
  await served.during(t, async () => {
    for (let i = 0; i < 30; i++) {
      const reads = i % 2 === 0
      const peer = await HostilePeer.connect(served.nfsPort, reads)
      const batch = Array.from({ length: 50 }, (_, xid) => record(read(xid, served, 64 << 10)))
      await peer.send(Buffer.concat(batch))
      if (reads && i % 3 === 0) await peer.waitForReplies(1)
      if (i % 4 < 2) peer.socket.resetAndDestroy()
      else peer.destroy()
    }
  })
  await served.connectionsDown(1)
  t.equal(served.server.metrics.transport.callsOutstanding, 0)
})

t.test('a peer that ends its side is answered and closed', async (t) => {
  const served = await startWitnessed(t)
  await served.during(t, async () => {
    const peer = await HostilePeer.connect(served.nfsPort)
    await peer.send(Buffer.concat([1, 2, 3].map((xid) => record(getattr(xid, served)))))
    peer.socket.end()
    await peer.closed
    const xids = peer.replies().map((reply) => reply.readUInt32BE(0))
    t.same(xids.sort(), [1, 2, 3])
  })
})
