/**
 * Record marking (RFC 5531, section 11) over a byte stream, without copying the bytes of a record that arrives whole or
 * is large.
 *
 * The socket asks `buffer()` where the next bytes go and says `filled(count)` when they are there, before any other reader
 * is asked. Small records are views of a read chunk (read-chunk.ts), which is used again from its start once nobody looks
 * at it any more. A record too large for the chunk gets a buffer of exactly its size: what already arrived is copied, the
 * rest is read by the kernel straight into place, because `buffer()` hands out the unfilled part of it.
 */
import {
  bufferBytes,
  type Chunk,
  discard,
  hold,
  type MemoryHolder,
  newChunk,
  takeBuffer,
} from './buffer-pool.ts'
import type { RpcLimits } from './limits.ts'
import { borrowChunk, type ChunkUser, chunkBytes, leaveChunk } from './read-chunk.ts'

/** Records up to this size are moved to the front of the chunk rather than given a buffer of their own. */
const smallRecordBytes = 16 << 10
/** Reading into less room than this costs more system calls than moving what is there. */
const roomBytesMin = 16 << 10
/** Read at first where another large record is likely: what is read of it before its size is known has to be copied. */
const peekBytes = 4 << 10
const markBytes = 4
const noBytes = Buffer.alloc(0)
/** A fragment's own, besides its bytes. */
const fragmentBytes = 256

/** Answers for what a reader needs besides its one chunk. */
export interface ReaderMemory extends MemoryHolder {
  hasRoomFor(bytes: number): boolean
  take(bytes: number): void
}

const boundless: ReaderMemory = { hasRoomFor: () => true, take: () => {}, release: () => {} }

/** The peer broke the framing or its limits; the stream cannot be understood any further. */
export class RecordMarkingError extends Error {
  override readonly name = 'RecordMarkingError'
}

export class RecordReader implements ChunkUser {
  readonly #limits: Pick<RpcLimits, 'recordBytesMax' | 'fragmentsMax'>
  readonly #memory: ReaderMemory
  /** None between records, unless others look at it. */
  #chunk: Chunk | undefined
  /** Bytes not taken yet: start to end of the chunk. */
  #start = 0
  #end = 0
  /** Bytes from `start` that the record being received needs to be there in one piece. */
  #need = markBytes
  /** The fragment that has a buffer of its own, and how much of it is there. */
  #fragment: Buffer | undefined
  #fragmentEnd = 0
  #fragmentIsLast = false
  /** The last record was large: bulk data tends to go on. */
  #expectsLarge = false
  /** Whether the last `buffer()` was room in the fragment, rather than in the chunk. */
  #readsFragment = false
  /** Complete fragments of an unfinished record. */
  #fragments: Buffer[] = []
  #fragmentsBytes = 0
  /**
   * The buffer that the record just taken has to itself, held; undefined if it is a piece of a read chunk. Whoever took
   * the record releases it when the record is done with.
   */
  own: Chunk | undefined
  /** `next` had no memory for the record that begins; it can be asked again when there is some. */
  isStarved = false
  /** What the unfinished record, or one that is whole and not taken, has taken of the memory. */
  arrivingBytes = 0

  constructor(limits: Pick<RpcLimits, 'recordBytesMax' | 'fragmentsMax'>, memory: ReaderMemory = boundless) {
    this.#limits = limits
    this.#memory = memory
  }

  /** What arrives, or can be taken, has its memory already. */
  get hasLargeRecord(): boolean {
    return this.#fragment !== undefined
  }

  /** Gives back what was taken for records that will never be; what others hold they release themselves. */
  close(): void {
    this.#memory.release(this.arrivingBytes)
    this.arrivingBytes = 0
    if (this.#fragment !== undefined) discard(this.#fragment)
    this.#fragment = undefined
    this.#fragments = []
    if (this.#chunk !== undefined) this.#handOver(this.#chunk)
    this.#start = 0
    this.#end = 0
  }

  /** Whoever still looks at a chunk that is ours no more keeps all of it. */
  #handOver(chunk: Chunk): void {
    this.#chunk = undefined
    leaveChunk(this, chunk)
    if (chunk.holds === 0 || this.#memory === boundless) return
    this.#memory.take(chunk.bytes.length)
    chunk.holder = this.#memory
  }

  get #needsChunk(): boolean {
    return this.#start !== this.#end || (this.#chunk !== undefined && this.#chunk.holds > 0)
  }

  keepsChunk(): boolean {
    if (this.#needsChunk) return true
    this.#forgetChunk()
    return false
  }

  /** To be called when records have been dealt with: what is not needed until more arrives is others' to use. */
  rest(): void {
    const chunk = this.#chunk
    if (chunk === undefined || this.#needsChunk) return
    this.#forgetChunk()
    leaveChunk(this, chunk)
  }

  #forgetChunk(): void {
    this.#chunk = undefined
    this.#start = 0
    this.#end = 0
  }

  /** True between records: nothing of an unfinished one was received. */
  get atBoundary(): boolean {
    return this.#start === this.#end && this.#fragment === undefined && this.#fragments.length === 0
  }

  /** Where the socket shall read to; never empty. */
  buffer(): Uint8Array {
    if (this.#fragment !== undefined) this.#fillFragment(this.#fragment)
    this.#readsFragment = this.#fragment !== undefined && this.#fragmentEnd < this.#fragment.length
    if (this.#readsFragment) return this.#fragment!.subarray(this.#fragmentEnd)
    const live = this.#end - this.#start
    this.rest()
    let chunk = this.#chunk
    if (chunk === undefined) {
      chunk = borrowChunk(this)
      this.#chunk = chunk
    } else {
      // A record of middling size waits for its end where it began: `next` has made sure that it fits.
      const fitsHere = this.#need > smallRecordBytes && live < this.#need
      if (!fitsHere && this.#end + roomBytesMin > chunk.bytes.length) chunk = this.#move(chunk, live)
    }
    const length = this.#expectsLarge && live === 0 ? peekBytes : chunk.bytes.length
    return chunk.bytes.subarray(this.#end, this.#end + length)
  }

  /** Gives what was not taken yet the front of a chunk. */
  #move(from: Chunk, live: number): Chunk {
    const size = Math.max(chunkBytes, live + roomBytesMin)
    let to = from
    if (from.holds > 0 || from.bytes.length !== size) {
      this.#handOver(from)
      to = size === chunkBytes ? borrowChunk(this) : newChunk(size)
    }
    from.bytes.copy(to.bytes, 0, this.#start, this.#end)
    this.#chunk = to
    this.#start = 0
    this.#end = live
    return to
  }

  /** `count` bytes arrived at the front of what the last `buffer()` handed out. */
  filled(count: number): void {
    if (this.#readsFragment) this.#fragmentEnd += count
    else this.#end += count
  }

  /**
   * The next complete record, or undefined if more bytes are needed. A record inside the chunk stays valid until the
   * next `buffer()`; `hold` it to keep it longer.
   */
  next(): Buffer | undefined {
    this.own = undefined
    this.isStarved = false
    for (;;) {
      if (this.#fragment !== undefined) {
        this.#fillFragment(this.#fragment)
        if (this.#fragmentEnd < this.#fragment.length) return undefined
        const record = this.#finishFragment(this.#fragment)
        if (record !== undefined) return record
      }
      if (this.#chunk === undefined || this.#end - this.#start < markBytes) {
        this.#need = markBytes
        return undefined
      }
      const { bytes } = this.#chunk
      const mark = bytes.readUInt32BE(this.#start)
      const isLast = mark >>> 31 === 1
      const length = mark & 0x7fff_ffff
      this.#check(length)
      const body = this.#start + markBytes
      if (isLast && this.#fragments.length === 0) {
        if (body + length <= this.#end) {
          this.#start = body + length
          this.#expectsLarge = false
          return bytes.subarray(body, body + length)
        }
        if (body + length <= bytes.length || length <= smallRecordBytes) {
          this.#need = markBytes + length
          return undefined
        }
      }
      if (!this.#takeMemory(length, isLast)) return undefined
      this.#start = body
      this.#need = markBytes
      this.#fragment = this.#newFragment(length, isLast)
      this.#fragmentEnd = 0
      this.#fragmentIsLast = isLast
    }
  }

  #check(length: number): void {
    const { recordBytesMax, fragmentsMax } = this.#limits
    if (this.#fragmentsBytes + length > recordBytesMax) {
      throw new RecordMarkingError(`record of more than ${recordBytesMax} bytes`)
    }
    if (this.#fragments.length >= fragmentsMax) {
      throw new RecordMarkingError(`record of more than ${fragmentsMax} fragments`)
    }
  }

  #takeMemory(length: number, isLast: boolean): boolean {
    const isWhole = isLast && this.#fragments.length === 0
    const bytes = isWhole ? bufferBytes(length) : length + fragmentBytes
    if (!this.#memory.hasRoomFor(bytes)) {
      this.isStarved = true
      return false
    }
    this.#memory.take(bytes)
    this.arrivingBytes += bytes
    return true
  }

  /** Only whole records have buffers of the pool: the pieces of others are copied together and gone. */
  #newFragment(length: number, isLast: boolean): Buffer {
    if (length === 0) return noBytes
    return isLast && this.#fragments.length === 0 ? takeBuffer(length) : Buffer.allocUnsafeSlow(length)
  }

  /** Takes what the chunk has of the fragment; there is more only if it was read before the fragment was begun. */
  #fillFragment(fragment: Buffer): void {
    const count = Math.min(fragment.length - this.#fragmentEnd, this.#end - this.#start)
    if (count === 0) return
    this.#chunk!.bytes.copy(fragment, this.#fragmentEnd, this.#start, this.#start + count)
    this.#start += count
    this.#fragmentEnd += count
  }

  #finishFragment(fragment: Buffer): Buffer | undefined {
    this.#fragment = undefined
    if (this.#fragmentIsLast && this.#fragments.length === 0) {
      this.#expectsLarge = true
      return this.#ownRecord(fragment)
    }
    this.#fragments.push(fragment)
    this.#fragmentsBytes += fragment.length
    if (!this.#fragmentIsLast) return undefined
    const length = this.#fragmentsBytes
    const record = length > smallRecordBytes ? takeBuffer(length) : Buffer.allocUnsafeSlow(length)
    let at = 0
    for (const piece of this.#fragments) at += piece.copy(record, at)
    this.#fragments = []
    this.#fragmentsBytes = 0
    if (length > smallRecordBytes) {
      this.#memory.take(bufferBytes(length) - this.arrivingBytes)
      return this.#ownRecord(record)
    }
    this.#memory.release(this.arrivingBytes)
    this.arrivingBytes = 0
    return record
  }

  /** From now on whoever takes the record answers for its memory. */
  #ownRecord(record: Buffer): Buffer {
    this.arrivingBytes = 0
    this.own = hold(record)
    if (this.own !== undefined && this.#memory !== boundless) this.own.holder = this.#memory
    return record
  }
}
