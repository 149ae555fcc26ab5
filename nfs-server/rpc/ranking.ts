/** What takes turns: who has had least is first. */
export interface Ranked {
  /** What it has had so far; grows while it is served. */
  served: number
}

/** However much somebody had at once: so far behind the others, and no further. */
const debtMax = 32
/** Who had nothing for a while is a little before those who have just been served. */
const credit = 64

interface Place<T> {
  readonly served: number
  readonly order: number
  readonly item: T
}

/**
 * Items by what they have had, then by when they came. Who comes back after a pause starts about where the others are by
 * then: nobody saves up turns.
 */
export class Ranking<T extends Ranked> {
  /** A binary heap; removed items stay in it until they come up. */
  readonly #heap: Place<T>[] = []
  readonly #places = new Map<T, Place<T>>()
  /** What those had that are served now. */
  #level = 0
  #order = 0

  get size(): number {
    return this.#places.size
  }

  has(item: T): boolean {
    return this.#places.has(item)
  }

  items(): IterableIterator<T> {
    return this.#places.keys()
  }

  add(item: T): void {
    if (this.#places.has(item)) return
    item.served = Math.min(Math.max(item.served, this.#level - credit), this.#level + debtMax)
    const place = { served: item.served, order: this.#order++, item }
    this.#places.set(item, place)
    this.#rise(place)
  }

  remove(item: T): boolean {
    return this.#places.delete(item)
  }

  /** Takes the first one out; undefined if there is none. */
  shift(): T | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined) return undefined
      const last = this.#heap.pop()!
      if (last !== first) this.#sink(last)
      if (this.#places.get(first.item) !== first) continue
      this.#places.delete(first.item)
      this.#level = Math.max(this.#level, first.served)
      return first.item
    }
  }

  #rise(place: Place<T>): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (isBefore(heap[parent]!, place)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = place
  }

  /** From the top. */
  #sink(place: Place<T>): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (child >= heap.length || isBefore(place, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = place
  }
}

function isBefore<T>(one: Place<T>, other: Place<T>): boolean {
  return one.served < other.served || (one.served === other.served && one.order < other.order)
}
