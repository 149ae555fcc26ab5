/** What the fuzzer knows of the server: what it learnt from replies, and what it was told at the start. */
import { HandlePool } from './handle-pool.ts'
import type { Random } from './random.ts'

export interface Entry {
  readonly directory: Buffer
  readonly name: Buffer
  /** Of the directory. */
  readonly place: number
}

/** Of each export. */
const entriesMax = 128
const cookiesMax = 64

export class World {
  readonly handles = new HandlePool()
  /** Paths of the exports, in the order of their places. */
  readonly exportPaths: readonly string[]
  /** Numbers of the programs there are. */
  readonly programs: readonly number[]
  readonly #entries: Entry[][] = []
  readonly #cookies: bigint[] = [0n]

  /** How often each export is used. */
  readonly placeWeights: readonly number[]

  constructor(places: readonly { path: string; weight: number }[], programs: readonly number[]) {
    this.exportPaths = places.map(({ path }) => path)
    this.placeWeights = places.map(({ weight }) => weight)
    this.programs = programs
  }

  /** There is, or was a moment ago, an entry of that name. */
  sawEntry(directory: Uint8Array, name: Uint8Array, random: Random): void {
    const place = this.handles.find(directory)?.place
    if (place === undefined) return
    this.#entries[place] ??= []
    const entries = this.#entries[place]
    const entry = { directory: Buffer.from(directory), name: Buffer.from(name), place }
    if (entries.length < entriesMax) entries.push(entry)
    else entries[random.below(entriesMax)] = entry
  }

  sawCookie(cookie: bigint, random: Random): void {
    if (this.#cookies.length < cookiesMax) this.#cookies.push(cookie)
    else this.#cookies[1 + random.below(cookiesMax - 1)] = cookie
  }

  /** Most often of that export. */
  someEntry(random: Random, place: number): Entry | undefined {
    const entries = this.#entries[random.chance(0.95) ? place : random.below(this.handles.places)]
    return entries === undefined ? undefined : random.pick(entries)
  }

  someCookie(random: Random): bigint {
    return random.pick(this.#cookies)
  }
}
