/** Handles that the server gave out, to be used again, and what can be done to them first. */
import type { Random } from './random.ts'

export type HandleKind = 'directory' | 'file' | 'symlink' | 'other'

export interface KnownHandle {
  readonly bytes: Buffer
  readonly kind: HandleKind
  /** Number of the export it is of. */
  readonly place: number
}

const keptMax = 96
const staleMax = 64
const handleBytesMax = 64

const keyOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

export class HandlePool {
  readonly #roots: KnownHandle[] = []
  readonly #kept: KnownHandle[][] = []
  readonly #live = new Map<string, KnownHandle>()
  readonly #stale: Buffer[] = []

  /** The root of export `place`; it is kept for ever. */
  addRoot(bytes: Uint8Array, place: number): void {
    const root: KnownHandle = { bytes: Buffer.from(bytes), kind: 'directory', place }
    this.#roots[place] = root
    this.#kept[place] = []
    this.#live.set(keyOf(bytes), root)
  }

  get places(): number {
    return this.#roots.length
  }

  add(bytes: Uint8Array, kind: HandleKind, place: number, random: Random): void {
    const key = keyOf(bytes)
    const kept = this.#kept[place]
    if (kept === undefined || bytes.length === 0 || this.#live.has(key)) return
    const handle = { bytes: Buffer.from(bytes), kind, place }
    if (kept.length < keptMax) kept.push(handle)
    else {
      const at = random.below(keptMax)
      this.#live.delete(keyOf(kept[at]!.bytes))
      kept[at] = handle
    }
    this.#live.set(key, handle)
  }

  /** What is known of the handle; undefined if the server never gave it out, or said that it is stale. */
  find(bytes: Uint8Array): KnownHandle | undefined {
    return this.#live.get(keyOf(bytes))
  }

  isRoot(bytes: Uint8Array): boolean {
    return this.#roots.some((root) => root.bytes.equals(bytes))
  }

  becameStale(bytes: Uint8Array, random: Random): void {
    const known = this.find(bytes)
    if (known === undefined || this.isRoot(bytes)) return
    this.#live.delete(keyOf(bytes))
    this.#kept[known.place] = this.#kept[known.place]!.filter((other) => other !== known)
    if (this.#stale.length < staleMax) this.#stale.push(known.bytes)
    else this.#stale[random.below(staleMax)] = known.bytes
  }

  /** Some handle, most often a live one of that kind and export, as it is. */
  choose(random: Random, wanted: HandleKind | undefined, place: number): Buffer {
    const live = this.#chooseLive(random, wanted, random.chance(0.96) ? place : random.below(this.places))
    const how = random.below(100)
    if (how < 86) return live
    if (how < 90) return this.#stale.length > 0 ? random.pick(this.#stale) : live
    if (how < 92) return live.subarray(0, random.below(live.length))
    if (how < 96) {
      const flipped = Buffer.from(live)
      const bit = random.below(flipped.length * 8)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      return flipped
    }
    // The body of one under the seal of another.
    if (how < 98)
      return Buffer.concat([live.subarray(0, -16), this.#chooseLive(random, wanted, place).subarray(-16)])
    return random.bytes(random.below(handleBytesMax + 1))
  }

  #chooseLive(random: Random, wanted: HandleKind | undefined, place: number): Buffer {
    const kept = this.#kept[place]!
    const fitting =
      wanted === undefined || random.chance(0.1) ? kept : kept.filter(({ kind }) => kind === wanted)
    const isRootWanted = wanted === 'directory' && random.chance(0.25)
    return isRootWanted || fitting.length === 0 ? this.#roots[place]!.bytes : random.pick(fitting).bytes
  }
}
