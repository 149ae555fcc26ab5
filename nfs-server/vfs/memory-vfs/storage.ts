import assert from 'node:assert/strict'

/** The capacity that all files share, in bytes. */
export class Storage {
  readonly capacityBytes: number
  #usedBytes = 0

  constructor(capacityBytes: number) {
    assert(Number.isSafeInteger(capacityBytes) && capacityBytes >= 0, 'capacity is a whole number of bytes')
    this.capacityBytes = capacityBytes
  }

  get freeBytes(): number {
    return this.capacityBytes - this.#usedBytes
  }

  /** False, and nothing taken, if there is not that much left. */
  reserve(byteLength: number): boolean {
    if (byteLength > this.freeBytes) return false
    this.#usedBytes += byteLength
    return true
  }

  release(byteLength: number): void {
    this.#usedBytes -= byteLength
    assert(this.#usedBytes >= 0, 'more released than was ever reserved')
  }
}
