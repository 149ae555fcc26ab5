/**
 * The order in which connections have their calls taken while there is more to do than one turn of the event loop should
 * do: addresses take turns, and so do the connections of an address, each for a few calls. As long as there is little to
 * do nobody waits here, and a call is taken when it is read.
 */

/** Those of one address share turns. */
export interface TurnAddress {
  readonly hasRoom: boolean
  readonly isTight: boolean
}

/** Whoever takes turns. */
export interface TurnTaker {
  readonly load: { readonly address: TurnAddress }
  /** Takes some calls, and asks for another turn if there are more. Answers how much it did, in units of one small call. */
  takeTurn(): number
}

/** What may be done in one turn of the event loop; some milliseconds. */
const unitsPerLoop = 1024
/** What a connection may do in its turn when others wait. */
export const unitsPerTurn = 32
/** Up to this much per turn of the loop is not worth starting another count. */
const unitsUncounted = 32

export class Turns {
  /** By address; both levels in the order in which they come next. */
  readonly #waiting = new Map<TurnAddress, Set<TurnTaker>>()
  #count = 0
  #units = 0
  #isScheduled = false

  /** Others wait, or this turn of the event loop has been long enough. */
  get isContended(): boolean {
    return this.#units >= unitsPerLoop || this.#count > 0
  }

  /** Something was done without waiting for a turn. */
  did(units: number): void {
    this.#units += units
    if (this.#units > unitsUncounted) this.#schedule()
  }

  /** It gets a turn when everybody before it had one and its address has room. */
  add(taker: TurnTaker): void {
    const { address } = taker.load
    const queue = this.#waiting.get(address)
    if (queue === undefined) this.#waiting.set(address, new Set([taker]))
    else if (queue.has(taker)) return
    else queue.add(taker)
    this.#count++
    this.#schedule()
  }

  remove(taker: TurnTaker): void {
    const queue = this.#waiting.get(taker.load.address)
    if (queue?.delete(taker) !== true) return
    this.#count--
    if (queue.size === 0) this.#waiting.delete(taker.load.address)
  }

  /** Addresses of which somebody waits and that have hardly any room. */
  starving(): Set<TurnAddress> {
    return new Set([...this.#waiting.keys()].filter((address) => address.isTight))
  }

  /** There is more room than before. */
  released(): void {
    if (this.#count > 0) this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#isScheduled = false
    this.#units = 0
    let done = 0
    // Everybody who waits now at most once: who is still without room asks again to no effect.
    for (let steps = this.#count; steps > 0 && this.#count > 0 && done < unitsPerLoop; steps--) {
      done += this.#next()
    }
    this.#units = done
    // Without anything done there was no room: `released` goes on.
    if (this.#count > 0 && done > 0) this.#schedule()
  }

  #next(): number {
    const [address, queue] = this.#waiting.entries().next().value!
    // The last of the addresses from now on.
    this.#waiting.delete(address)
    const taker: TurnTaker = queue.values().next().value!
    if (!taker.load.address.hasRoom) {
      this.#waiting.set(address, queue)
      return 0
    }
    queue.delete(taker)
    this.#count--
    if (queue.size > 0) this.#waiting.set(address, queue)
    return taker.takeTurn()
  }
}
