import { answerLayout } from '../../native/answer-layout.ts'

const slabBytes = 1 << 17

/**
 * Memory for listings that are answered at once. Each keeps the bytes that it took, which nobody writes again; the slab goes
 * when its last listing has been sent.
 */
export class ListingRoom {
  #free = new Uint8Array(0)

  /** Where the next listing may be written. */
  offer(): Uint8Array {
    if (this.#free.length < answerLayout.inlineListingBytesMax) this.#free = Buffer.allocUnsafeSlow(slabBytes)
    return this.#free
  }

  /** The first bytes of what was offered last: the listing. */
  take(byteLength: number): Uint8Array {
    const taken = this.#free.subarray(0, byteLength)
    this.#free = this.#free.subarray(byteLength)
    return taken
  }
}
