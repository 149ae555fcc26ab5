/** The sending half of a TCP connection: replies are gathered, written together, and accounted for until they are taken. */
import type { XdrWriter } from '../xdr/writer.ts'
import { type Chunk, hold, release } from './buffer-pool.ts'
import type { BatchOwner, ReplyBatch } from './reply-batch.ts'
import type { ConnectionLoad } from './server-load.ts'
import type { Stream } from './stream.ts'

const lastFragment = 0x8000_0000
/** A write that waits, and each of its segments, besides their bytes: objects here and in the stream, and allocations of their own. */
const objectBytes = 1 << 10

export class ReplySender implements BatchOwner {
  readonly #stream: Stream
  readonly #batch: ReplyBatch
  readonly #load: ConnectionLoad
  readonly #onSent: () => void
  /** Replies that are encoded and not written yet, and beside each segment the memory of others that it is a piece of. */
  #segments: Uint8Array[] = []
  #bytes = 0
  #holds: (Chunk | undefined)[] = []
  #hasHolds = false
  /** The memory of what was written and not sent, in this order. */
  readonly #holdsUnsent: (Chunk | undefined)[][] = []
  #unsentBytes = 0
  /** The memory that those keep, of which they may be small pieces. */
  #heldBytes = 0
  #sent_ms: number
  #isClosed = false
  /** Where the reply being encoded begins in the batch, and its record mark in memory. */
  #start = 0
  #markView: DataView | undefined
  #markAt = 0
  #rowBytes = 0

  /** `onSent` is called whenever the peer, or the kernel for it, has taken some bytes. */
  constructor(stream: Stream, batch: ReplyBatch, load: ConnectionLoad, onSent: () => void) {
    this.#stream = stream
    this.#batch = batch
    this.#load = load
    this.#onSent = onSent
    this.#sent_ms = load.server.now_ms
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

  /** The reply is complete. Answers its bytes. */
  end(): number {
    this.#rowBytes = this.#batch.claim(this).byteLength
    const bytes = this.#rowBytes - this.#start - 4
    // One fragment, and the last (RFC 5531, section 11).
    this.#markView!.setUint32(this.#markAt, lastFragment + bytes)
    return bytes
  }

  /** Bytes that were encoded in a row and are not collected yet, when the last reply ended. */
  get rowBytes(): number {
    return this.#rowBytes
  }

  abandon(): void {
    this.#batch.claim(this).truncate(this.#start)
  }

  /** Takes the encoded replies out of the common batch, and hold of what they are pieces of. */
  settle(): void {
    this.#batch.release(this)
  }

  collect(segments: readonly Uint8Array[], bytes: number): void {
    for (const segment of segments) {
      // A reply may contain a piece of its call, which the next read must not overwrite.
      const held = hold(segment)
      if (held !== undefined) this.#hasHolds = true
      this.#holds.push(held)
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
    if (this.#stream.isFull) this.#compact()
    const segments = this.#segments
    const holds = this.#holds
    const hasHolds = this.#hasHolds
    this.#segments = []
    this.#bytes = 0
    let held = 0
    const isTaken = this.#stream.write(segments, () => this.#sent(bytes, held, hasHolds))
    // Writing may have found the connection broken.
    if (this.#isClosed) return
    this.#holds = []
    this.#hasHolds = false
    if (isTaken) {
      if (hasHolds) for (const chunk of holds) release(chunk)
      return
    }
    if (this.#unsentBytes === 0) this.#sent_ms = this.#load.server.now_ms
    this.#unsentBytes += bytes
    if (hasHolds) this.#holdsUnsent.push(holds)
    held = memoryOf(segments) + objectBytes * (1 + segments.length)
    this.#heldBytes += held
    this.#load.take(held)
  }

  /** Copies the segments that keep more alive than they are, and lets go of what they were pieces of. */
  #compact(): void {
    for (const [index, segment] of this.#segments.entries()) {
      if (segment.byteLength * 2 >= segment.buffer.byteLength) continue
      const copy = Buffer.allocUnsafeSlow(segment.byteLength)
      copy.set(segment)
      this.#segments[index] = copy
      release(this.#holds[index])
      this.#holds[index] = undefined
    }
  }

  #sent(bytes: number, held: number, hasHolds: boolean): void {
    if (this.#isClosed) return
    if (hasHolds) for (const chunk of this.#holdsUnsent.shift()!) release(chunk)
    this.#unsentBytes -= bytes
    this.#heldBytes -= held
    this.#load.release(held)
    this.#sent_ms = this.#load.server.now_ms
    this.#onSent()
  }

  /** Forgets what was not sent. */
  close(): void {
    this.settle()
    this.#isClosed = true
    this.#load.release(this.#heldBytes)
    this.#heldBytes = 0
    this.#unsentBytes = 0
    this.#segments = []
    for (const chunk of [...this.#holdsUnsent.flat(), ...this.#holds]) release(chunk)
    this.#holdsUnsent.length = 0
    this.#holds = []
  }
}

/** What the segments keep alive: of what they are pieces of, all. Others that have pieces of the same count it again. */
function memoryOf(segments: readonly Uint8Array[]): number {
  let bytes = 0
  for (const buffer of new Set(segments.map((segment) => segment.buffer))) bytes += buffer.byteLength
  return bytes
}
