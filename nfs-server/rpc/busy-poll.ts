/**
 * How long the event loop looks for the next call before it sleeps. Falling asleep and being woken costs more than most
 * calls do, and a client that asks one thing after another pays it every time. What is not rewarded shrinks: an idle
 * server sleeps.
 */
export class BusyPoll {
  readonly #max: number
  readonly #isBusy: () => boolean
  #budget: number

  /** Up to `maxMicroseconds`, 0 for never; not while `isBusy`: then other things are waited for as well. */
  constructor(maxMicroseconds: number, isBusy: () => boolean) {
    this.#max = maxMicroseconds
    this.#isBusy = isBusy
    this.#budget = maxMicroseconds
  }

  /** How long to look now. */
  get microseconds(): number {
    return this.#isBusy() ? 0 : this.#budget
  }

  /** Whether looking has found something. */
  looked(found: boolean): void {
    this.#budget = found ? this.#max : Math.max(this.#budget >> 1, this.#max >> 4)
  }
}
