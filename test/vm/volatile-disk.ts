/**
 * A disk with a write cache that a power cut takes away. What was written and not flushed is in memory only; what a
 * cut leaves of it is nothing, or a random part, as with a real disk, which writes its cache back in any order.
 */
import { closeSync, fstatSync, openSync, readSync, writevSync } from 'node:fs'

export const sectorBytes = 512

/** What a cut leaves of the sectors that were written and not flushed: none of them, or each as chance has it. */
export type CutMode = 'none' | 'some'

export interface CutReport {
  /** Sectors written since the last flush. */
  readonly unflushedSectors: number
  /** Of these, those that did not keep what was written last. */
  readonly lostSectors: number
}

/** Makes the disk answer EIO. A write is refused whole; a refused flush leaves the cache as it is. */
export interface DiskFaults {
  readonly write?: (offset: number, data: Buffer) => boolean
  readonly flush?: () => boolean
}

/** A sector that is overwritten more often than this before a flush loses its oldest versions: they cannot survive. */
const versionsMax = 8
/** writev(2) takes no more buffers. */
const buffersMax = 1024

export class VolatileDisk {
  readonly bytes: number
  /** With true a flush is acknowledged and does nothing: the disk of a liar. */
  readonly ignoresFlushes: boolean
  faults: DiskFaults = {}
  /** Called after each write, which is not flushed then. */
  onWrite: () => void = () => {}
  readonly figures = { writes: 0, flushes: 0, faults: 0 }
  readonly #file: number
  /** By number; every version written since the last flush, the newest last. */
  readonly #unflushed = new Map<number, Buffer[]>()

  /** `path`: an image whose size is a multiple of 512; it is what survives. */
  constructor(path: string, options: { readonly ignoresFlushes?: boolean } = {}) {
    this.ignoresFlushes = options.ignoresFlushes ?? false
    this.#file = openSync(path, 'r+')
    this.bytes = fstatSync(this.#file).size
  }

  close(): void {
    closeSync(this.#file)
  }

  get unflushedSectors(): number {
    return this.#unflushed.size
  }

  read(offset: number, length: number): Buffer {
    this.#check(offset, length)
    const data = Buffer.alloc(length)
    readSync(this.#file, data, 0, length, offset)
    if (this.#unflushed.size === 0) return data
    for (let at = 0; at < length; at += sectorBytes) {
      const versions = this.#unflushed.get((offset + at) / sectorBytes)
      versions?.at(-1)?.copy(data, at)
    }
    return data
  }

  /** Keeps `data`, which must not be changed any more. */
  write(offset: number, data: Buffer): void {
    this.#check(offset, data.length)
    this.figures.writes++
    if (this.faults.write?.(offset, data)) this.#fail()
    for (let at = 0; at < data.length; at += sectorBytes) {
      const sector = (offset + at) / sectorBytes
      const version = data.subarray(at, at + sectorBytes)
      const versions = this.#unflushed.get(sector)
      if (versions === undefined) this.#unflushed.set(sector, [version])
      else if (versions.push(version) > versionsMax) versions.shift()
    }
    this.onWrite()
  }

  flush(): void {
    this.figures.flushes++
    if (this.faults.flush?.()) this.#fail()
    if (this.ignoresFlushes) return
    for (const [sector, versions] of this.#unflushed) this.#unflushed.set(sector, versions.slice(-1))
    this.#store()
  }

  /** The power fails. `random` answers numbers from 0 up to 1; it chooses the survivors. */
  cut(mode: CutMode, random: () => number): CutReport {
    const unflushedSectors = this.#unflushed.size
    let lostSectors = 0
    for (const [sector, versions] of this.#unflushed) {
      // As likely the sector of before as any version of it that was written since.
      const survivor = mode === 'none' ? -1 : Math.floor(random() * (versions.length + 1)) - 1
      if (survivor < versions.length - 1) lostSectors++
      if (survivor < 0) this.#unflushed.delete(sector)
      else this.#unflushed.set(sector, [versions[survivor]!])
    }
    this.#store()
    return { unflushedSectors, lostSectors }
  }

  /** Writes the only version of each unflushed sector to the file, neighbours together. */
  #store(): void {
    const sectors = [...this.#unflushed.keys()].sort((a, b) => a - b)
    for (let from = 0; from < sectors.length; ) {
      const first = sectors[from]!
      const run: Buffer[] = []
      while (sectors[from] === first + run.length && run.length < buffersMax) {
        run.push(this.#unflushed.get(sectors[from]!)![0]!)
        from++
      }
      const written = writevSync(this.#file, run, first * sectorBytes)
      if (written !== run.length * sectorBytes) throw new Error('the disk image could not be written')
    }
    this.#unflushed.clear()
  }

  #check(offset: number, length: number): void {
    const aligned = offset % sectorBytes === 0 && length % sectorBytes === 0
    if (!aligned || offset + length > this.bytes) throw new RangeError(`no sectors at ${offset}+${length}`)
  }

  #fail(): never {
    this.figures.faults++
    throw new DiskError()
  }
}

/** EIO. */
export class DiskError extends Error {}

/** A generator of numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
