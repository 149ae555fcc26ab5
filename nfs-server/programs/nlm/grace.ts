/**
 * The time after a start in which clients take back the locks they had, and nobody gets new ones. There is none if
 * nobody had any.
 */
export class GracePeriod {
  /** Of the monotonic clock. */
  #until_ms = 0
  #halfway_ms = 0
  #mayReclaim: ReadonlySet<string> = new Set()

  /** `addresses` are those of the clients that had locks. */
  begin(seconds: number, addresses: Iterable<string>): void {
    this.#mayReclaim = new Set(addresses)
    const now = performance.now()
    this.#until_ms = this.#mayReclaim.size === 0 ? 0 : now + seconds * 1000
    this.#halfway_ms = (now + this.#until_ms) / 2
  }

  get isActive(): boolean {
    return performance.now() < this.#until_ms
  }

  /** Less than half of it is over: who waits here leaves enough for the client's other locks. */
  get hasTimeToSpare(): boolean {
    return this.isActive && performance.now() < this.#halfway_ms
  }

  /** Whether a client may take a lock now: reclaims in the grace period, new locks after it. */
  admits(address: string, isReclaim: boolean): boolean {
    return this.isActive ? isReclaim && this.#mayReclaim.has(address) : !isReclaim
  }
}
