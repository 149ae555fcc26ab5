/** The sending half of a TCP connection: replies are gathered, written together, and accounted for until they are taken. */
import type { Socket } from 'node:net'
import type { XdrWriter } from '../xdr/writer.ts'
import { type Chunk, hold, release } from './buffer-pool.ts'
import type { BatchOwner, ReplyBatch } from './reply-batch.ts'
import type { ServerLoad } from './server-load.ts'

/** Half of what a writer allocates at once. */
const compactBytesMax = 32 << 10
const lastFragment = 0x8000_0000

export class ReplySender implements BatchOwner {
  readonly #socket: Socket
  readonly #batch: ReplyBatch
  readonly #load: ServerLoad
  readonly #onSent: () => void
  /** Replies that are encoded and not written yet, and the memory of others that they are pieces of. */
  #segments: Uint8Array[] = []
  #bytes = 0
  #holds: Chunk[] = []
  #unsentBytes = 0
  #sent_ms: number
  #isClosed = false
  /** Where the reply being encoded begins in the batch, and its record mark in memory. */
  #start = 0
  #markView: DataView | undefined
  #markAt = 0

  /** `onSent` is called whenever the peer, or the kernel for it, has taken some bytes. */
  constructor(socket: Socket, batch: ReplyBatch, load: ServerLoad, onSent: () => void) {
    this.#socket = socket
    this.#batch = batch
    this.#load = load
    this.#onSent = onSent
    this.#sent_ms = load.now_ms
  }

  /** Bytes written to the socket that it still has. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** When there last was nothing unsent, or some of it was taken, on the load's clock. */
  get sent_ms(): number {
    return this.#sent_ms
  }

  begin(): XdrWriter {
    const writer = this.#batch.claim(this)
    this.#start = writer.byteLength
    this.#markAt = writer.take(4)
    this.#markView = writer.view
    return writer
  }

  /** The reply is complete. Answers how many bytes are encoded in a row and not collected yet. */
  end(): number {
    const bytes = this.#batch.claim(this).byteLength
    // One fragment, and the last (RFC 5531, section 11).
    this.#markView!.setUint32(this.#markAt, lastFragment + bytes - this.#start - 4)
    return bytes
  }

  abandon(): void {
    this.#batch.claim(this).truncate(this.#start)
  }

  /** Takes the encoded replies out of the common batch, and hold of what they are pieces of. */
  settle(): void {
    this.#batch.release(this)
  }

  collect(segments: readonly Uint8Array[], bytes: number): void {
    if (this.#isClosed) return
    for (const segment of segments) {
      // A reply may contain a piece of its call, which the next read must not overwrite.
      const held = hold(segment)
      if (held !== undefined) this.#holds.push(held)
      this.#segments.push(segment)
    }
    this.#bytes += bytes
  }

  /** Writes what there is. */
  flush(): void {
    this.settle()
    const bytes = this.#bytes
    if (bytes === 0 || this.#isClosed) return
    // Replies that have to wait would each keep alive the whole chunk that they share with other connections'.
    const isBehind = this.#socket.writableLength > 0
    const segments = isBehind ? this.#segments.map(compact) : this.#segments
    const holds = this.#holds
    this.#segments = []
    this.#bytes = 0
    if (holds.length > 0) this.#holds = []
    if (this.#unsentBytes === 0) this.#sent_ms = this.#load.now_ms
    this.#unsentBytes += bytes
    this.#load.replyBytesUnsent += bytes
    this.#write(segments, () => this.#sent(bytes, holds))
  }

  #write(segments: Uint8Array[], sent: () => void): void {
    const last = segments.pop()!
    if (segments.length === 0) {
      this.#socket.write(last, sent)
      return
    }
    this.#socket.cork()
    for (const segment of segments) this.#socket.write(segment)
    this.#socket.write(last, sent)
    this.#socket.uncork()
  }

  #sent(bytes: number, holds: readonly Chunk[]): void {
    if (this.#isClosed) return
    for (const held of holds) release(held)
    this.#unsentBytes -= bytes
    this.#load.replyBytesUnsent -= bytes
    this.#sent_ms = this.#load.now_ms
    this.#onSent()
  }

  /** Forgets what was not sent. Its memory is not used again: the kernel may still be looking at it. */
  close(): void {
    this.#isClosed = true
    this.settle()
    this.#load.replyBytesUnsent -= this.#unsentBytes
    this.#unsentBytes = 0
    this.#segments = []
    this.#holds = []
  }
}

/** A copy in memory of its own, unless the segment is most of what it keeps alive anyway. */
function compact(segment: Uint8Array): Uint8Array {
  if (segment.byteLength >= compactBytesMax) return segment
  const copy = Buffer.allocUnsafeSlow(segment.byteLength)
  copy.set(segment)
  return copy
}
