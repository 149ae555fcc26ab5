import assert from 'node:assert/strict'
import { chunkBytes, fileBytesMax } from './limits.ts'
import type { Storage } from './storage.ts'

const chunkSize = BigInt(chunkBytes)

/**
 * The bytes of a sparse file: chunks of equal size by number, a missing one reads as zeros. Invariant: what a
 * chunk holds past the file's size is zero, so growing the file uncovers nothing old.
 */
export class FileData {
  readonly #storage: Storage
  readonly #chunks = new Map<number, Buffer>()
  #size = 0n

  constructor(storage: Storage) {
    this.#storage = storage
  }

  get size(): bigint {
    return this.#size
  }

  get usedBytes(): number {
    return this.#chunks.size * chunkBytes
  }

  /** Fills the front of `buffer` with what the file has at `offset`; the number of bytes. */
  read(offset: bigint, buffer: Uint8Array): number {
    if (offset >= this.#size) return 0
    const left = this.#size - offset
    const count = left < BigInt(buffer.length) ? Number(left) : buffer.length
    for (const { chunk, from, at, length } of pieces(offset, count)) {
      const bytes = this.#chunks.get(chunk)
      if (bytes === undefined) buffer.fill(0, at, at + length)
      else bytes.copy(buffer, at, from, from + length)
    }
    return count
  }

  /** False, and nothing written, if the storage has no room for the chunks that this takes. */
  write(offset: bigint, data: Uint8Array): boolean {
    const end = offset + BigInt(data.length)
    assert(end <= fileBytesMax)
    const touched = [...pieces(offset, data.length)]
    const missing = touched.filter(({ chunk }) => !this.#chunks.has(chunk))
    if (!this.#storage.reserve(missing.length * chunkBytes)) return false
    for (const { chunk } of missing) this.#chunks.set(chunk, Buffer.alloc(chunkBytes))
    for (const { chunk, from, at, length } of touched) {
      this.#chunks.get(chunk)!.set(data.subarray(at, at + length), from)
    }
    if (end > this.#size && data.length > 0) this.#size = end
    return true
  }

  /** Cuts the file or lets it grow by a hole. */
  resize(size: bigint): void {
    assert(size >= 0n && size <= fileBytesMax)
    if (size < this.#size) {
      const chunksKept = Number((size + chunkSize - 1n) / chunkSize)
      for (const chunk of this.#chunks.keys()) if (chunk >= chunksKept) this.#drop(chunk)
      this.#chunks.get(Number(size / chunkSize))?.fill(0, Number(size % chunkSize))
    }
    this.#size = size
  }

  #drop(chunk: number): void {
    this.#chunks.delete(chunk)
    this.#storage.release(chunkBytes)
  }
}

interface Piece {
  readonly chunk: number
  /** Where in the chunk. */
  readonly from: number
  /** Where in the caller's bytes. */
  readonly at: number
  readonly length: number
}

function* pieces(offset: bigint, byteLength: number): Generator<Piece> {
  let chunk = Number(offset / chunkSize)
  let from = Number(offset % chunkSize)
  for (let at = 0; at < byteLength; ) {
    const length = Math.min(byteLength - at, chunkBytes - from)
    yield { chunk, from, at, length }
    at += length
    chunk++
    from = 0
  }
}
