/**
 * The order in which connections have their calls taken while there is more to do than one turn of the event loop should
 * do, or less memory: first the address that has been served least, and of its connections the one that has. As long
 * as there is little to do nobody waits here, and a call is taken when it is read.
 */
import { type Ranked, Ranking } from './ranking.ts'

/** Those of one address share what there is for it. */
export interface TurnAddress extends Ranked {
  readonly hasRoom: boolean
  readonly isTight: boolean
  readonly waiting: Ranking<TurnTaker>
}

/** Whoever takes turns. */
export interface TurnTaker extends Ranked {
  readonly load: { readonly address: TurnAddress }
  /** Takes some calls, and asks for another turn if there are more. Answers how much it did, in units of one small call. */
  takeTurn(): number
}

/** What may be done in one turn of the event loop; some milliseconds. */
const unitsPerLoop = 1024
/** What a connection may do in its turn when others wait. */
export const unitsPerTurn = 32
/** What it may do before the others are looked at, who may have begun to wait meanwhile: the largest READ, and no second one. */
export const unitsPerLook = 128
/** Up to this much per turn of the loop is not worth starting another count. */
const unitsUncounted = 32

export class Turns {
  /** Those of which somebody waits. */
  readonly #addresses = new Ranking<TurnAddress>()
  /** Who asked for a turn while others have theirs. */
  #late: TurnTaker[] | undefined
  #units = 0
  #isScheduled = false

  /** Others wait, or this turn of the event loop has been long enough. */
  get isContended(): boolean {
    return this.#units >= unitsPerLoop || this.#addresses.size > 0
  }

  /** Something was done without waiting for a turn. */
  did(units: number): void {
    this.#units += units
    if (this.#units > unitsUncounted) this.#schedule()
  }

  add(taker: TurnTaker): void {
    if (this.#late !== undefined) {
      this.#late.push(taker)
      return
    }
    const { address } = taker.load
    address.waiting.add(taker)
    this.#addresses.add(address)
    this.#schedule()
  }

  remove(taker: TurnTaker): void {
    const { address } = taker.load
    address.waiting.remove(taker)
    if (address.waiting.size === 0) this.#addresses.remove(address)
  }

  /** Addresses of which somebody waits and that have hardly any room. */
  starving(): Set<TurnAddress> {
    return new Set([...this.#addresses.items()].filter((address) => address.isTight))
  }

  /** There is more room than before. */
  released(): void {
    if (this.#addresses.size > 0) this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#run)
  }

  /** Everybody who waits has one turn at most, those who had least first, until the loop has to see to other things. */
  readonly #run = (): void => {
    this.#isScheduled = false
    this.#units = 0
    const late: TurnTaker[] = []
    const withoutRoom: TurnAddress[] = []
    this.#late = late
    let done = 0
    while (done < unitsPerLoop) {
      const address = this.#addresses.shift()
      if (address === undefined) break
      if (!address.hasRoom) {
        withoutRoom.push(address)
        continue
      }
      const taker = address.waiting.shift()
      if (taker === undefined) continue
      done += taker.takeTurn()
      if (address.waiting.size > 0) this.#addresses.add(address)
    }
    this.#late = undefined
    this.#units = done
    for (const address of withoutRoom) this.#addresses.add(address)
    for (const taker of late) {
      taker.load.address.waiting.add(taker)
      this.#addresses.add(taker.load.address)
    }
    // Without anything done there was no room: `released` goes on.
    if (done > 0 && this.#addresses.size > 0) this.#schedule()
  }
}
