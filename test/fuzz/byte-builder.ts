/** XDR as it is written, and where the words stand that say how much follows. */
export class ByteBuilder {
  #bytes = Buffer.allocUnsafe(1024)
  #length = 0
  /** Offsets of lengths, counts and discriminants: what a mutation changes first. */
  readonly lengthWords: number[] = []

  get length(): number {
    return this.#length
  }

  uint32(value: number): void {
    const at = this.#take(4)
    this.#bytes.writeUInt32BE(value >>> 0, at)
  }

  /** A word that decides what follows it. */
  lengthWord(value: number): void {
    this.lengthWords.push(this.#length)
    this.uint32(value)
  }

  uint64(value: bigint): void {
    const at = this.#take(8)
    this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), at)
  }

  /** Padded to four bytes with zeros. */
  fixed(bytes: Uint8Array): void {
    const padding = (4 - (bytes.length % 4)) % 4
    const at = this.#take(bytes.length + padding)
    this.#bytes.set(bytes, at)
    this.#bytes.fill(0, at + bytes.length, at + bytes.length + padding)
  }

  opaque(bytes: Uint8Array): void {
    this.lengthWord(bytes.length)
    this.fixed(bytes)
  }

  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(this.#length * 2)
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    return at
  }
}
