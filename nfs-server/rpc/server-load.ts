import type { RpcLimits } from './limits.ts'

/** What all connections of a server use up together, and who waits for some of it to come free. */
export class ServerLoad {
  readonly #limits: RpcLimits
  #calls = 0
  #callBytes = 0
  #waiting = new Set<() => void>()
  /** Reply bytes that no peer has taken yet. */
  replyBytesUnsent = 0
  /** A clock for time-outs, moved by the listener's sweep: reading the real one for each record would cost. */
  now_ms = performance.now()

  constructor(limits: RpcLimits) {
    this.#limits = limits
  }

  get calls(): number {
    return this.#calls
  }

  get hasRoom(): boolean {
    return this.#calls < this.#limits.callsMax && this.#callBytes < this.#limits.callBytesMax
  }

  callBegan(bytes: number): void {
    this.#calls++
    this.#callBytes += bytes
  }

  callEnded(bytes: number): void {
    this.#calls--
    this.#callBytes -= bytes
    if (this.#waiting.size > 0 && this.#isRelaxed) this.#wake()
  }

  /** Calls `resume` once, when there is room again. */
  wait(resume: () => void): void {
    this.#waiting.add(resume)
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume)
  }

  /** Well below the limits, so that those who wait are not woken for one call each. */
  get #isRelaxed(): boolean {
    return (
      this.#calls <= this.#limits.callsMax * 0.875 && this.#callBytes <= this.#limits.callBytesMax * 0.875
    )
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const resume of waiting) process.nextTick(resume)
  }
}
