import { chunkBytes, referenceBytesMin } from './limits.ts'
import { asInt32, asInt64, asUint32, asUint64 } from './range.ts'
import { XdrError } from './xdr-error.ts'

/** Whether a message refers to an opaque of its own, instead of having a copy. */
export function isReferenced(bytes: Uint8Array): boolean {
  return bytes.byteLength >= referenceBytesMin
}

/**
 * Writes XDR (RFC 4506) for a gathering write. Small values go into memory of the writer's own; an opaque of
 * `referenceBytesMin` bytes or more stays where it is and becomes a segment, so it must not change until the
 * segments have been sent.
 *
 * Memory that has been handed out by `segments()` is never written again: `reset()` begins the next message
 * behind it, and a full chunk is left to the garbage collector. So one writer serves for ever, and nobody has
 * to wait for the socket.
 */
export class XdrWriter {
  /** The current chunk. Generated code writes to it at the offsets that `take` gives. */
  view: DataView
  private chunk: Uint8Array
  /** Where the bytes of the current, not yet closed segment begin and end in `chunk`. */
  private start = 0
  private position = 0
  private closed: Uint8Array[] = []
  private closedBytes = 0

  constructor() {
    this.chunk = Buffer.allocUnsafeSlow(chunkBytes)
    this.view = new DataView(this.chunk.buffer)
  }

  /** Bytes of the message so far. */
  get byteLength(): number {
    return this.closedBytes + this.position - this.start
  }

  /** The message so far, in order; to be used before anything else is written. */
  segments(): Uint8Array[] {
    if (this.position > this.start) this.close()
    return this.closed
  }

  /** The message so far, copied into one piece. */
  bytes(): Uint8Array {
    return Buffer.concat(this.segments())
  }

  /** What was written since the message had this many bytes; valid until more is written. Seldom a copy. */
  since(byteLength: number): Uint8Array {
    if (byteLength < this.closedBytes) return Buffer.concat(this.segments()).subarray(byteLength)
    return this.chunk.subarray(this.start + byteLength - this.closedBytes, this.position)
  }

  /** Begins a new, empty message. */
  reset(): void {
    this.start = this.position
    this.closed = []
    this.closedBytes = 0
  }

  /** Takes back everything from offset `byteLength` of the message on, such as a reply that failed half-way. */
  truncate(byteLength: number): void {
    if (byteLength > this.byteLength || byteLength < 0) throw new RangeError(`no offset ${byteLength}`)
    while (this.closedBytes > byteLength) {
      this.start = this.position
      const last = this.closed.pop()!
      this.closedBytes -= last.byteLength
      if (this.closedBytes < byteLength) {
        this.closed.push(last.subarray(0, byteLength - this.closedBytes))
        this.closedBytes = byteLength
      }
    }
    this.position = this.start + byteLength - this.closedBytes
  }

  /** Leaves room for `length` bytes (a multiple of 4), zeros for now; answers the offset for patchUint32. */
  reserve(length: number): number {
    const offset = this.byteLength
    const at = this.take(length)
    this.chunk.fill(0, at, at + length)
    return offset
  }

  /**
   * Overwrites a word at an offset that `reserve` gave (or a multiple of 4 inside), such as a record mark. The
   * value is taken modulo 2^32, so that `0x80000000 | length` means what it says.
   */
  patchUint32(offset: number, value: number): void {
    let segmentStart = 0
    for (const segment of this.closed) {
      if (offset < segmentStart + segment.byteLength) {
        const at = segment.byteOffset + offset - segmentStart
        new DataView(segment.buffer).setUint32(at, value)
        return
      }
      segmentStart += segment.byteLength
    }
    const at = this.start + offset - segmentStart
    if (at + 4 > this.position) throw new RangeError(`no offset ${offset}`)
    this.view.setUint32(at, value)
  }

  /** Makes `length` bytes part of the message and answers where they begin in `view`. */
  take(length: number): number {
    let at = this.position
    if (at + length > this.chunk.byteLength) {
      this.nextChunk(length)
      at = this.position
    }
    this.position = at + length
    return at
  }

  writeUint32(value: number): void {
    const at = this.take(4)
    this.view.setUint32(at, asUint32(value))
  }

  writeInt32(value: number): void {
    const at = this.take(4)
    this.view.setInt32(at, asInt32(value))
  }

  writeUint64(value: bigint): void {
    const at = this.take(8)
    this.view.setBigUint64(at, asUint64(value))
  }

  writeInt64(value: bigint): void {
    const at = this.take(8)
    this.view.setBigInt64(at, asInt64(value))
  }

  writeFloat32(value: number): void {
    const at = this.take(4)
    this.view.setFloat32(at, value)
  }

  writeFloat64(value: number): void {
    const at = this.take(8)
    this.view.setFloat64(at, value)
  }

  writeBool(value: boolean): void {
    const at = this.take(4)
    this.view.setUint32(at, value ? 1 : 0)
  }

  /** Fixed-length opaque data: exactly `length` bytes. */
  writeFixedOpaque(bytes: Uint8Array, length: number): void {
    if (bytes.byteLength !== length) {
      throw new XdrError(`length ${bytes.byteLength} is not the fixed length ${length}`)
    }
    this.writePadded(bytes)
  }

  /** Variable-length opaque data of at most `max` bytes. */
  writeOpaque(bytes: Uint8Array, max: number): void {
    const length = bytes.byteLength
    if (length > max) throw new XdrError(`length ${length} exceeds the maximum of ${max}`)
    this.writeUint32(length)
    this.writePadded(bytes)
  }

  /** A string of at most `max` bytes, one byte per character. */
  writeText(text: string, max: number): void {
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) > 0xff) throw new XdrError(`character ${i} does not fit one byte`)
    }
    this.writeOpaque(Buffer.from(text, 'latin1'), max)
  }

  /** The element count of a variable-length array of at most `max` elements. */
  writeCount(count: number, max: number): void {
    if (count > max) throw new XdrError(`count ${count} exceeds the maximum of ${max}`)
    this.writeUint32(count)
  }

  /** A fixed-length array has exactly `length` elements. */
  checkCount(count: number, length: number): void {
    if (count !== length) throw new XdrError(`count ${count} is not the fixed count ${length}`)
  }

  private writePadded(bytes: Uint8Array): void {
    const length = bytes.byteLength
    const padding = -length & 3
    if (isReferenced(bytes)) {
      if (this.position > this.start) this.close()
      this.closed.push(bytes)
      this.closedBytes += length
      if (padding > 0) {
        const at = this.take(padding)
        this.chunk.fill(0, at, at + padding)
      }
      return
    }
    const at = this.take(length + padding)
    // The last word first: what the bytes leave of it is the padding.
    if (padding > 0) this.view.setUint32(at + length + padding - 4, 0)
    this.chunk.set(bytes, at)
  }

  private close(): void {
    this.closed.push(this.chunk.subarray(this.start, this.position))
    this.closedBytes += this.position - this.start
    this.start = this.position
  }

  private nextChunk(length: number): void {
    if (this.position > this.start) this.close()
    this.chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, length))
    this.view = new DataView(this.chunk.buffer)
    this.start = 0
    this.position = 0
  }
}
