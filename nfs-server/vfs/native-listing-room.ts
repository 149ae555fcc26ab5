import { answerLayout } from '../../native/answer-layout.ts'

/** Gives out memory, uninitialized, that nobody else writes to before whoever it is for has done with it. */
export type TakeMemory = (byteLength: number) => Uint8Array

/** Memory for listings that are answered at once. Each keeps what it was offered. */
export class ListingRoom {
  readonly #takeMemory: TakeMemory
  #offered: Uint8Array | undefined

  constructor(takeMemory: TakeMemory) {
    this.#takeMemory = takeMemory
  }

  /** Where the next listing may be written. */
  offer(): Uint8Array {
    this.#offered ??= this.#takeMemory(answerLayout.inlineListingBytesMax)
    return this.#offered
  }

  /** The first bytes of what was offered last: the listing. */
  take(byteLength: number): Uint8Array {
    const taken = this.offer().subarray(0, byteLength)
    this.#offered = undefined
    return taken
  }
}
