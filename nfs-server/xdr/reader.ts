import { emptyElementsMax, nestingMax } from './limits.ts'
import { XdrError } from './xdr-error.ts'

/**
 * Reads XDR (RFC 4506) from bytes that it neither copies nor changes. Every read checks what is left first.
 *
 * Opaques are views on the bytes given: whoever reuses that memory decides how long they live. Padding bytes
 * are skipped unseen: RFC 4506 wants them zero, but peers that leave garbage there exist and are served by
 * every other server. Bytes after the last value are the caller's decision: `remaining`, or `end()`.
 */
export class XdrReader {
  private buffer: ArrayBufferLike
  /**
   * Over the whole of `buffer`, so that a reader that stays on one slab makes it once. A DataView, because V8
   * compiles its 64-bit accesses to one load; Buffer's methods and two halves put together take 2 to 20 times as
   * long.
   */
  private view: DataView
  /** Absolute, in `buffer`. */
  private position: number
  private limit: number
  private depth = 0

  constructor(bytes: Uint8Array) {
    this.buffer = bytes.buffer
    this.view = new DataView(bytes.buffer)
    this.position = bytes.byteOffset
    this.limit = bytes.byteOffset + bytes.byteLength
  }

  /** Starts over on other bytes, like a new reader. */
  reset(bytes: Uint8Array): void {
    if (bytes.buffer !== this.buffer) {
      this.buffer = bytes.buffer
      this.view = new DataView(bytes.buffer)
    }
    this.position = bytes.byteOffset
    this.limit = bytes.byteOffset + bytes.byteLength
    this.depth = 0
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.limit - this.position
  }

  /** All bytes not read yet, as a view; they stay unread. */
  rest(): Uint8Array {
    return new Uint8Array(this.buffer, this.position, this.limit - this.position)
  }

  /** Insists that everything has been read. */
  end(): void {
    if (this.position !== this.limit) throw new XdrError(`${this.remaining} bytes too many`)
  }

  readUint32(): number {
    const at = this.position
    if (at + 4 > this.limit) throw this.short(4)
    this.position = at + 4
    return this.view.getUint32(at)
  }

  readInt32(): number {
    const at = this.position
    if (at + 4 > this.limit) throw this.short(4)
    this.position = at + 4
    return this.view.getInt32(at)
  }

  readUint64(): bigint {
    const at = this.position
    if (at + 8 > this.limit) throw this.short(8)
    this.position = at + 8
    return this.view.getBigUint64(at)
  }

  readInt64(): bigint {
    const at = this.position
    if (at + 8 > this.limit) throw this.short(8)
    this.position = at + 8
    return this.view.getBigInt64(at)
  }

  readFloat32(): number {
    const at = this.position
    if (at + 4 > this.limit) throw this.short(4)
    this.position = at + 4
    return this.view.getFloat32(at)
  }

  readFloat64(): number {
    const at = this.position
    if (at + 8 > this.limit) throw this.short(8)
    this.position = at + 8
    return this.view.getFloat64(at)
  }

  readBool(): boolean {
    const value = this.readUint32()
    if (value > 1) throw new XdrError(`${value} is neither FALSE (0) nor TRUE (1)`)
    return value === 1
  }

  /** Fixed-length opaque data, as a view. */
  readFixedOpaque(length: number): Uint8Array {
    const at = this.position
    if (length > this.limit - at) throw new XdrError(`${length} bytes exceed the ${this.limit - at} left`)
    const padded = at + ((length + 3) & ~3)
    if (padded > this.limit) throw new XdrError('the record ends within the padding')
    this.position = padded
    return new Uint8Array(this.buffer, at, length)
  }

  /** Variable-length opaque data of at most `max` bytes, as a view. */
  readOpaque(max: number): Uint8Array {
    const length = this.readUint32()
    if (length > max) throw new XdrError(`length ${length} exceeds the maximum of ${max}`)
    const at = this.position
    if (length > this.limit - at) {
      throw new XdrError(`length ${length} exceeds the ${this.limit - at} bytes left`)
    }
    const padded = at + ((length + 3) & ~3)
    if (padded > this.limit) throw new XdrError('the record ends within the padding')
    this.position = padded
    return new Uint8Array(this.buffer, at, length)
  }

  /** A string of at most `max` bytes, one character per byte (ISO 8859-1, of which ASCII is a part). */
  readText(max: number): string {
    const bytes = this.readOpaque(max)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  }

  /** The element count of a variable-length array whose elements take at least `elementBytesMin` each. */
  readCount(max: number, elementBytesMin: number): number {
    const count = this.readUint32()
    if (count > max) throw new XdrError(`count ${count} exceeds the maximum of ${max}`)
    this.checkCount(count, elementBytesMin)
    return count
  }

  /** Makes sure that `count` elements can be there at all before anybody makes room for them. */
  checkCount(count: number, elementBytesMin: number): void {
    if (elementBytesMin === 0) {
      if (count > emptyElementsMax) {
        throw new XdrError(
          `count ${count} of elements without bytes exceeds the limit of ${emptyElementsMax}`,
        )
      }
    } else if (count * elementBytesMin > this.limit - this.position) {
      throw new XdrError(
        `count ${count} of at least ${elementBytesMin} bytes each exceeds the ${this.remaining} bytes left`,
      )
    }
  }

  /** Around the decoding of a type that contains itself. */
  enter(): void {
    if (++this.depth > nestingMax) throw new XdrError(`nested more than ${nestingMax} deep`)
  }

  leave(): void {
    this.depth--
  }

  private short(needed: number): XdrError {
    return new XdrError(`needs ${needed} bytes, ${this.remaining} are left`)
  }
}
