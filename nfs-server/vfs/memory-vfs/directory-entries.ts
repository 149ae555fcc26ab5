import assert from 'node:assert/strict'
import type { Inode } from './inode.ts'

export interface Entry {
  readonly name: Uint8Array
  /** Position after this entry. "." and ".." have 1 and 2; a new entry gets one never used before. */
  readonly cookie: bigint
  inode: Inode
}

const dotDotCookie = 2n

/**
 * The names in a directory, also in order of their cookies. Cookies only grow and are never given out again, so
 * one that a client holds stays a position between the same neighbours whatever comes and goes around it.
 */
export class DirectoryEntries {
  readonly #byName = new Map<string, Entry>()
  /** By ascending cookie; a removed entry leaves `undefined` behind until the next compaction. */
  #byCookie: { readonly cookie: bigint; entry: Entry | undefined }[] = []
  #lastCookie = dotDotCookie

  get size(): number {
    return this.#byName.size
  }

  get(name: Uint8Array): Inode | undefined {
    return this.#byName.get(key(name))?.inode
  }

  add(name: Uint8Array, inode: Inode): void {
    assert(!this.#byName.has(key(name)), 'a name is there once')
    const entry = { name: Uint8Array.from(name), cookie: ++this.#lastCookie, inode }
    this.#byName.set(key(name), entry)
    this.#byCookie.push({ cookie: entry.cookie, entry })
  }

  /** Lets a name that is there stand for another object, at its old position. */
  replace(name: Uint8Array, inode: Inode): void {
    const entry = this.#byName.get(key(name))
    assert(entry !== undefined)
    entry.inode = inode
  }

  remove(name: Uint8Array): void {
    const entry = this.#byName.get(key(name))
    assert(entry !== undefined)
    this.#byName.delete(key(name))
    this.#byCookie[this.#firstAfter(entry.cookie) - 1]!.entry = undefined
    if (this.#byCookie.length > 2 * this.#byName.size + 16) {
      this.#byCookie = this.#byCookie.filter((slot) => slot.entry !== undefined)
    }
  }

  /** The entries whose cookie is greater than `cookie`, without "." and "..". */
  *after(cookie: bigint): Generator<Entry> {
    for (let index = this.#firstAfter(cookie); index < this.#byCookie.length; index++) {
      const { entry } = this.#byCookie[index]!
      if (entry !== undefined) yield entry
    }
  }

  #firstAfter(cookie: bigint): number {
    let low = 0
    let high = this.#byCookie.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#byCookie[middle]!.cookie > cookie) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** One character per byte, so that names that are not UTF-8 stay apart. */
function key(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1')
}
