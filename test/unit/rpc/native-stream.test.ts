import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { NativeSockets } from '../../../native/binding.ts'
import { BusyPoll } from '../../../nfs-server/rpc/busy-poll.ts'
import { acceptNatively } from '../../../nfs-server/rpc/listener-native.ts'
import { NativeStream } from '../../../nfs-server/rpc/native-stream.ts'
import type { Stream, StreamUser } from '../../../nfs-server/rpc/stream.ts'

/** As in native/src/sockets.rs. */
const writable = 2
const sentLater = 8

/** Both ends of a connection; what the stream's user is told is written down. */
async function connected(t: Test, user: Partial<StreamUser> = {}) {
  const told: string[] = []
  const memory = Buffer.alloc(64 << 10)
  const opened: Stream[] = []
  const acceptor = await acceptNatively(
    '127.0.0.1',
    0,
    (accepted) =>
      opened.push(
        accepted.open({
          buffer: () => memory,
          received: (count) => {
            told.push(memory.toString('latin1', 0, count))
            return user.received?.(count) ?? true
          },
          isShared: () => user.isShared?.() ?? false,
          ended: () => told.push('ended'),
          closed: () => told.push('closed'),
        }),
      ),
    new BusyPoll(50, () => false),
  )
  const peer = connect({ port: acceptor.port, host: '127.0.0.1', allowHalfOpen: true })
  await until(() => opened.length > 0)
  const [stream] = opened as [Stream]
  t.teardown(async () => {
    peer.destroy()
    for (const each of opened) each.destroy()
    await acceptor.close()
  })
  return { told, memory, stream, peer, port: acceptor.port }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2)
}

async function allOf(peer: Socket): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of peer) hash.update(chunk)
  return hash.digest('hex')
}

t.test('either side may end first, and the other still be heard', async (t) => {
  for (const first of ['stream', 'peer'] as const) {
    const { told, stream, peer } = await connected(t)
    const heard = allOf(peer)
    if (first === 'stream') stream.end()
    else peer.end('last words')
    await until(() => told.includes('ended') || first === 'stream')
    if (first === 'stream') peer.end('last words')
    else
      t.equal(
        stream.write([Buffer.from('answer')], () => {}),
        true,
      )
    stream.end()
    const expected = first === 'stream' ? '' : 'answer'
    t.equal(await heard, createHash('sha256').update(expected).digest('hex'))
    await until(() => told.includes('closed'))
    t.same(told, ['last words', 'ended', 'closed'])
    t.equal(stream.bytesRead, 10)
  }
})

/** Writes of all sizes to a peer that does not read at first; whether the very first one, of 300,000 bytes, left at once. */
async function writeMuch(t: Test, { told, stream, peer }: Awaited<ReturnType<typeof connected>>) {
  peer.pause()
  const hash = createHash('sha256')
  let bytes = 0
  let writes = 0
  let sent = 0
  const write = (...sizes: number[]) => {
    const pieces = sizes.map((size) => randomBytes(size))
    for (const piece of pieces) hash.update(piece)
    bytes += pieces.reduce((sum, piece) => sum + piece.length, 0)
    writes++
    if (stream.write(pieces, () => sent++)) sent++
  }
  write(1, 299_996, 3)
  const wasTaken = sent === 1
  // More pieces than one system call takes.
  write(...Array.from({ length: 3000 }, (_, index) => index % 97))
  for (let count = 0; count < 40; count++) write(500_000, 17, 123_456)
  t.ok(stream.unsentBytes > 0, 'the peer does not read')
  t.equal(stream.unsentBytes + stream.bytesWritten, bytes)
  stream.end()
  t.equal(await allOf(peer), hash.digest('hex'))
  t.equal(stream.bytesWritten, bytes)
  t.equal(stream.unsentBytes, 0)
  t.equal(sent, writes, 'each write is said to be sent once')
  peer.end()
  await until(() => told.includes('closed'))
  return wasTaken
}

t.test('what the kernel does not take at once follows, whole and in order', async (t) => {
  t.ok(await writeMuch(t, await connected(t)), 'who is alone keeps nobody waiting')
})

t.test('where there are others, another thread writes what is large, whole and in order', async (t) => {
  t.notOk(await writeMuch(t, await connected(t, { isShared: () => true })))
})

t.test('a stream may go while another thread writes it', async (t) => {
  for (let round = 0; round < 20; round++) {
    const { told, stream, peer } = await connected(t, { isShared: () => true })
    const sent = t.captureFn(() => {})
    stream.write([Buffer.alloc(8 << 20, 'x')], sent)
    if (round % 2 === 0) stream.destroy()
    else peer.resetAndDestroy()
    await until(() => told.at(-1) === 'closed')
    t.equal(stream.unsentBytes, 0)
    t.equal(sent.calls.length, 0)
    t.equal(stream.write([Buffer.from('y')], t.fail), false)
  }
})

/** What a stream asks of a kernel that has room for so many bytes, and of the other thread, which writes when told. */
function streamInto(kernel: { room: number }, isShared: boolean, hasThread = true) {
  const bytesIn = (pieces: readonly Uint8Array[]) => pieces.reduce((sum, piece) => sum + piece.length, 0)
  const taken = (bytes: number) => {
    const count = Math.min(bytes, kernel.room)
    kernel.room -= count
    return count
  }
  const asked: string[] = []
  let later = 0
  const sockets = {
    waitFor: (_number: number, _readable: boolean, isWritable: boolean) =>
      asked.push(isWritable ? 'wait to write' : 'wait to read'),
    write: (_number: number, piece: Uint8Array) => taken(piece.length) || -1,
    writePieces: (_number: number, pieces: readonly Uint8Array[]) => taken(bytesIn(pieces)) || -1,
    sendLater: (_number: number, pieces: readonly Uint8Array[]) => {
      if (hasThread) later = bytesIn(pieces)
      return hasThread
    },
    sentLater: () => taken(later),
  } as unknown as NativeSockets
  const user = { isShared: () => isShared } as StreamUser
  const stream = new NativeStream(sockets, 0, user, () => {})
  asked.length = 0
  return { stream, asked, later: () => later }
}

t.test('a turn of a stream that has others beside it copies little', (t) => {
  for (const isShared of [true, false]) {
    const { stream, later } = streamInto({ room: Number.POSITIVE_INFINITY }, isShared)
    const sent: number[] = []
    const write = (bytes: number) => stream.write([Buffer.alloc(bytes)], () => sent.push(bytes))
    t.ok(write(64 << 10), 'a small reply leaves at once')
    const { bytesWritten } = stream
    t.equal(write(1 << 20), !isShared, 'who is alone keeps nobody waiting')
    t.equal(write(100), !isShared, 'what comes behind it keeps its place')
    if (!isShared) continue
    t.equal(stream.bytesWritten, bytesWritten, 'others are looked at before any of it is written')
    t.equal(later(), 1 << 20)
    t.notOk(stream.isFull, 'that it waits is not the fault of the peer')
    stream.ready(sentLater)
    t.same(sent, [1 << 20, 100])
    t.equal(stream.bytesWritten, bytesWritten + (1 << 20) + 100)
    t.equal(stream.unsentBytes, 0)
  }
  t.end()
})

t.test('nor does one of what has come to wait, however many writes it was', (t) => {
  const kernel = { room: 10 }
  const { stream, asked, later } = streamInto(kernel, true)
  let sent = 0
  for (let count = 0; count < 20; count++) stream.write([Buffer.alloc(50_000), Buffer.alloc(7)], () => sent++)
  t.equal(stream.bytesWritten, 10)
  t.ok(stream.isFull)
  t.same(asked, ['wait to write'])
  kernel.room = 120_000
  stream.ready(writable)
  t.equal(stream.bytesWritten, 10)
  t.equal(later(), 20 * 50_007 - 10)
  t.same(asked.splice(0), ['wait to write', 'wait to read'])
  stream.ready(sentLater)
  t.equal(stream.bytesWritten, 120_010)
  t.equal(sent, 2)
  t.ok(stream.isFull, 'the kernel took no more')
  t.same(asked, ['wait to write'])
  kernel.room = Number.POSITIVE_INFINITY
  stream.ready(writable)
  stream.ready(sentLater)
  t.equal(sent, 20)
  t.equal(stream.unsentBytes, 0)
  t.equal(asked.at(-1), 'wait to read')
  t.end()
})

t.test('without another thread it writes itself', (t) => {
  const kernel = { room: 1 << 20 }
  const { stream } = streamInto(kernel, true, false)
  let sent = 0
  t.ok(stream.write([Buffer.alloc(1 << 20)], t.fail))
  t.notOk(stream.write([Buffer.alloc(1 << 20)], () => sent++))
  kernel.room = Number.POSITIVE_INFINITY
  stream.ready(writable)
  t.equal(sent, 1)
  t.equal(stream.bytesWritten, 2 << 20)
  t.end()
})

t.test('reading stops and goes on again', async (t) => {
  let goesOn = false
  const { told, stream, peer } = await connected(t, { received: () => goesOn })
  peer.write('one')
  await until(() => told.length === 1)
  peer.write('two')
  await sleep(20)
  t.same(told, ['one'])
  goesOn = true
  stream.resume()
  await until(() => told.length === 2)
  t.same(told, ['one', 'two'])
})

t.test('a reset is noticed, whether it is read from or not', async (t) => {
  for (const goesOn of [true, false]) {
    const { told, peer, stream } = await connected(t, { received: () => goesOn })
    peer.write('x')
    await until(() => told.length === 1)
    peer.resetAndDestroy()
    await until(() => told.includes('closed'))
    t.same(told, ['x', 'closed'])
    t.equal(stream.write([Buffer.from('y')], t.fail), false, 'and then there is nobody to write to')
  }
})

t.test('it may be ended by who is told of bytes', async (t) => {
  let stream: Stream | undefined
  const both = await connected(t, {
    received: () => {
      stream!.destroy()
      return true
    },
  })
  stream = both.stream
  both.peer.write('x')
  await until(() => both.told.length > 1)
  t.same(both.told, ['x', 'closed'])
  t.equal(await allOf(both.peer), createHash('sha256').digest('hex'))
})
