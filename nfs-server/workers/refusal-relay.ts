/**
 * A worker's refusals on their way to the one log. Peers can be refused as often as they like; what the server's thread
 * gets to hear is bounded: one message a second, however many refusals it stands for.
 */
import type { Refusal, RefusalSink } from '../refusal-log.ts'
import type { CountedRefusal, CountedRefusals } from './messages.ts'

const intervalMs = 1000
/** Distinct ones per message; the log has no more lines of their own. */
const distinctMax = 1000

export class RefusalRelay implements RefusalSink {
  readonly #send: (refusals: CountedRefusals) => void
  #counted = new Map<string, Mutable<CountedRefusal>>()
  #others = 0
  #timer: NodeJS.Timeout | undefined

  constructor(send: (refusals: CountedRefusals) => void) {
    this.#send = send
  }

  report(refusal: Refusal, key = refusal.reason): void {
    const full = JSON.stringify([refusal.client, refusal.export, key])
    const entry = this.#counted.get(full)
    if (entry !== undefined) entry.times++
    else if (this.#counted.size >= distinctMax) this.#others++
    else this.#counted.set(full, { refusal, key, times: 1 })
    this.#timer ??= setTimeout(() => this.flush(), intervalMs).unref()
  }

  /** Says now what there is to say. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#counted.size === 0) return
    this.#send({ counted: [...this.#counted.values()], others: this.#others })
    this.#counted = new Map()
    this.#others = 0
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
