import type { Time } from '../vfs.ts'

/**
 * Wall-clock time that never gives the same answer twice, so that two changes of a file always have two
 * ctimes: SETATTR's guard and the clients' cache checks depend on telling them apart.
 */
export class Clock {
  #seconds = 0
  #nseconds = 0

  now(): Time {
    const milliseconds = Date.now()
    const seconds = Math.floor(milliseconds / 1000)
    const nseconds = (milliseconds % 1000) * 1_000_000
    if (seconds > this.#seconds || (seconds === this.#seconds && nseconds > this.#nseconds)) {
      this.#seconds = seconds
      this.#nseconds = nseconds
    } else if (++this.#nseconds === 1_000_000_000) {
      this.#seconds++
      this.#nseconds = 0
    }
    return { seconds: this.#seconds, nseconds: this.#nseconds }
  }
}
