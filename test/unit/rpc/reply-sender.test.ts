import t from 'tap'
import { discard, granuleBytes, takeBuffer, takePiece } from '../../../nfs-server/rpc/buffer-pool.ts'
import { defaultRpcLimits } from '../../../nfs-server/rpc/limits.ts'
import { ReplyBatch } from '../../../nfs-server/rpc/reply-batch.ts'
import { ReplySender } from '../../../nfs-server/rpc/reply-sender.ts'
import { type ConnectionLoad, ServerLoad } from '../../../nfs-server/rpc/server-load.ts'
import type { Stream } from '../../../nfs-server/rpc/stream.ts'
import { chunkBytes } from '../../../nfs-server/xdr/limits.ts'

/** Takes nothing as long as it is slow; then all, when it is asked to. */
class FakeStream implements Stream {
  readonly localAddress = ''
  readonly bytesRead = 0
  readonly bytesWritten = 0
  unsentBytes = 0
  isFull = false
  isSlow = false
  readonly pieces: Uint8Array[] = []
  #sent: (() => void)[] = []

  resume() {}
  end() {}
  destroy() {}

  write(pieces: readonly Uint8Array[], sent: () => void): boolean {
    this.pieces.push(...pieces)
    if (!this.isSlow) return true
    for (const piece of pieces) this.unsentBytes += piece.length
    this.#sent.push(sent)
    return false
  }

  takeAll(): void {
    this.unsentBytes = 0
    for (const sent of this.#sent.splice(0)) sent()
  }
}

class FakeConnection {
  readonly stream = new FakeStream()
  readonly load: ConnectionLoad
  readonly sender: ReplySender

  constructor(server: ServerLoad, batch: ReplyBatch) {
    this.load = server.connectionOpened('10.0.0.1')
    this.sender = new ReplySender(this.stream, batch, this.load, () => {})
  }

  reply(...data: readonly Uint8Array[]): void {
    for (const piece of data) {
      const writer = this.sender.begin()
      writer.reserve(100)
      writer.writeOpaque(piece, 1 << 20)
      this.sender.end()
    }
    this.sender.flush()
  }
}

function newConnections(count: number): FakeConnection[] {
  const server = new ServerLoad(defaultRpcLimits)
  const batch = new ReplyBatch()
  return Array.from({ length: count }, () => new FakeConnection(server, batch))
}

t.test('small replies that are not read keep no memory that is not counted', async (t) => {
  const [lazy, other] = newConnections(2) as [FakeConnection, FakeConnection]
  lazy.stream.isSlow = true
  lazy.stream.isFull = true
  const buffers = new Set<ArrayBufferLike>()
  const take = (bytes: number) => {
    const piece = takePiece(bytes)
    buffers.add(piece.buffer)
    return piece
  }
  for (let count = 0; count < 1000; count++) {
    lazy.reply(take(1024))
    // So each slab has one piece of what is not read.
    for (let more = 0; more < 4; more++) other.reply(take(14_000))
  }
  t.ok(buffers.size < 10, `${buffers.size} slabs for ${lazy.sender.unsentBytes} bytes`)
  t.ok(lazy.load.bytes >= lazy.sender.unsentBytes)
  t.equal(other.load.bytes, 0)
  lazy.stream.takeAll()
  t.equal(lazy.load.bytes, 0)
  t.equal(lazy.sender.unsentBytes, 0)
})

t.test('what is sent is what was encoded, copied or not', async (t) => {
  for (const isFull of [true, false]) {
    const [lazy, other] = newConnections(2) as [FakeConnection, FakeConnection]
    lazy.stream.isSlow = true
    lazy.stream.isFull = isFull
    const sizes = [1024, 5000, 16_384, 40_000, 100_000]
    for (const [index, size] of sizes.entries()) {
      lazy.reply((size > 16_384 ? takeBuffer(size) : takePiece(size)).fill(index + 1))
      // Whatever is used again by mistake is overwritten.
      for (let count = 0; count < 8; count++) {
        other.reply(
          takePiece(16_000).fill(0xff),
          takeBuffer(60_000).fill(0xff),
          takeBuffer(100_000).fill(0xff),
        )
      }
    }
    const replies = Buffer.concat(lazy.stream.pieces)
    let at = 0
    for (const [index, size] of sizes.entries()) {
      const data = replies.subarray(at + 108, at + 108 + size)
      t.ok(data.length === size && data.every((byte) => byte === index + 1), `${size} bytes`)
      at += 108 + size
    }
    t.equal(at, replies.length)
    lazy.sender.close()
  }
})

t.test('nothing is copied for a peer that takes what it is given', async (t) => {
  const [connection] = newConnections(1) as [FakeConnection]
  // Others had to be looked at in between.
  connection.stream.isSlow = true
  const pieces = [takePiece(2000), takePiece(2000)]
  for (const piece of pieces) connection.reply(piece)
  t.ok(pieces.every((piece) => connection.stream.pieces.includes(piece)))
  connection.stream.isFull = true
  connection.reply(takePiece(2000))
  t.ok(connection.stream.pieces.at(-1)!.buffer.byteLength < chunkBytes, 'but for one that does not')
  connection.stream.takeAll()
  t.equal(connection.load.bytes, 0)
})

t.test('what a reply of hardly any bytes takes is counted, too', async (t) => {
  const [connection] = newConnections(1) as [FakeConnection]
  connection.stream.isSlow = true
  connection.stream.isFull = true
  for (let count = 0; count < 100; count++) connection.reply(Buffer.alloc(4))
  t.ok(connection.load.bytes > 100 * 1700, `${connection.load.bytes} bytes`)
  connection.sender.close()
  t.equal(connection.load.bytes, 0)
})

t.test('memory that stays held is counted whole, and once for each write', async (t) => {
  const [connection] = newConnections(1) as [FakeConnection]
  connection.stream.isSlow = true
  // A slab of their own.
  const first = takePiece(granuleBytes)
  const pieces = [takePiece(2000), takePiece(2000), takePiece(2000)]
  discard(first)
  connection.reply(...pieces)
  const { bytes } = connection.load
  const besides = bytes - chunkBytes - granuleBytes
  t.ok(besides >= 0 && besides < granuleBytes, `${bytes} bytes for its replies’ heads, and the slab`)
  takePiece(granuleBytes)
  t.not(takeBuffer(granuleBytes).buffer, pieces[0]!.buffer, 'it is not used again')
  connection.stream.takeAll()
  t.equal(connection.load.bytes, 0)
  t.equal(takeBuffer(granuleBytes).buffer, pieces[0]!.buffer, 'until it is sent')
})

t.test('a connection that is gone holds nothing', async (t) => {
  const [connection] = newConnections(1) as [FakeConnection]
  connection.stream.isSlow = true
  const size = 5 * granuleBytes
  const unsent = takeBuffer(size)
  const unwritten = takeBuffer(size)
  connection.reply(unsent)
  connection.sender.begin().writeOpaque(unwritten, 1 << 20)
  connection.sender.end()
  connection.sender.close()
  t.equal(connection.load.bytes, 0)
  const again = [takeBuffer(size), takeBuffer(size), takeBuffer(size)].map(({ buffer }) => buffer)
  t.ok(again.includes(unsent.buffer) && again.includes(unwritten.buffer))
  t.equal(new Set(again).size, 3)
})
