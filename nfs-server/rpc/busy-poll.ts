import type { LoopsAwake } from './loops-awake.ts'

/**
 * How long the event loop looks for the next call before it sleeps. Falling asleep and being woken costs more than most
 * calls do, and a client that asks one thing after another pays it every time. What is not rewarded shrinks: an idle
 * server sleeps. Of several event loops none looks while all of them together have every processor.
 */
export class BusyPoll {
  readonly #max: number
  readonly #isBusy: () => boolean
  readonly #loops: LoopsAwake | undefined
  readonly #isCrowded: () => boolean
  #budget: number

  /**
   * Up to `maxMicroseconds`, 0 for never; not while `isBusy`: then other things are waited for as well, or, if it
   * `isCrowded`, are there already. `loops`: those of a server that has several.
   */
  constructor(
    maxMicroseconds: number,
    isBusy: () => boolean,
    loops?: LoopsAwake,
    isCrowded: () => boolean = () => false,
  ) {
    this.#max = maxMicroseconds
    this.#isBusy = isBusy
    this.#loops = loops
    this.#isCrowded = isCrowded
    this.#budget = maxMicroseconds
  }

  /** The event loop has something to do, and is known to be awake meanwhile. */
  whileAwake(work: () => void): void {
    this.#loops?.woke()
    try {
      work()
    } finally {
      this.#loops?.sleeps()
    }
  }

  /** How long to look now. */
  get microseconds(): number {
    return this.#isBusy() ? 0 : this.microsecondsUnlessWanted
  }

  /** How long to look if whatever else happens puts an end to it. */
  get microsecondsUnlessWanted(): number {
    return this.#isCrowded() || this.#loops?.leaveProcessors === false ? 0 : this.#budget
  }

  /** Whether looking has found something. */
  looked(found: boolean): void {
    this.#budget = found ? this.#max : Math.max(this.#budget >> 1, this.#max >> 4)
  }
}
