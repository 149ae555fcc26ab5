const repeatKeysMax = 1000

/**
 * Lets only so many events of a kind through per interval, so that a client that keeps being refused cannot fill
 * the log; the next one let through carries how many were held back.
 */
export class RepeatLimit {
  readonly #intervalMs: number
  readonly #burst: number
  readonly #now: () => number
  readonly #seen = new Map<string, { since: number; admitted: number; suppressed: number }>()

  /** `burst`: how many events of one kind pass per interval. */
  constructor(intervalMs: number, burst = 1, now: () => number = Date.now) {
    this.#intervalMs = intervalMs
    this.#burst = burst
    this.#now = now
  }

  /**
   * Undefined: hold it back. Else how many events of this kind were held back since the last one let through; `before`:
   * so many were held back before they came here.
   */
  admit(kind: string, before = 0): number | undefined {
    const now = this.#now()
    const entry = this.#seen.get(kind)
    if (entry !== undefined && now - entry.since < this.#intervalMs) {
      if (entry.admitted < this.#burst) {
        entry.admitted++
        return before
      }
      entry.suppressed += before + 1
      return undefined
    }
    // Insertion order is age: the oldest kind makes room, so a peer with many addresses cannot grow the map.
    this.#seen.delete(kind)
    if (this.#seen.size >= repeatKeysMax) this.#seen.delete(this.#seen.keys().next().value!)
    this.#seen.set(kind, { since: now, admitted: 1, suppressed: 0 })
    return (entry?.suppressed ?? 0) + before
  }
}
