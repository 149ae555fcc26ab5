/** What was sent and what came of it, by procedure. */
import type { Target } from './catalogue.ts'
import { type Origin, origins } from './records.ts'

export interface Line {
  readonly target: Target
  /** Records whose header named the procedure. */
  named: number
  /** Answered with a result: the procedure ran. */
  ran: number
  ok: number
  /** Those that ran and had a live handle among their arguments: given out by the server, not touched, not stale. */
  live: number
  liveOk: number
  readonly outcomes: Map<string, number>
}

export class Tally {
  readonly byOrigin: Record<Origin, number>
  readonly byTransport = { tcp: 0, udp: 0 }
  /** In several fragments. */
  fragmented = 0
  repeated = 0
  sent = 0
  answered = 0
  /** Records that no answer is due to. */
  unanswerable = 0
  /** What answers were that named no procedure. */
  readonly elsewhere = new Map<string, number>()
  readonly #lines = new Map<Target, Line>()

  constructor(targets: readonly Target[]) {
    this.byOrigin = Object.fromEntries(origins.map((origin) => [origin, 0])) as Record<Origin, number>
    for (const target of targets) {
      const outcomes = new Map<string, number>()
      this.#lines.set(target, { target, named: 0, ran: 0, ok: 0, live: 0, liveOk: 0, outcomes })
    }
  }

  get lines(): readonly Line[] {
    return [...this.#lines.values()]
  }

  line(target: Target): Line {
    return this.#lines.get(target)!
  }

  countElsewhere(outcome: string): void {
    this.elsewhere.set(outcome, (this.elsewhere.get(outcome) ?? 0) + 1)
  }
}
