/**
 * Who was refused what, and why: the first time at once, then how often once a minute. A client can be refused as often
 * as it likes; what it can put into the log is bounded, and so is what is remembered of it.
 */
import type { Logger } from './log.ts'

export interface Refusal {
  /** The client's address. */
  readonly client: string
  /** The export's path, if the refusal is about one. */
  readonly export: string | undefined
  /** Why, as the end of a sentence. Of our own words: nothing that a client sent, unless it is `quoted`. */
  readonly reason: string
}

/** Who is told of refusals. */
export interface RefusalSink {
  /** `key` is what makes it the same refusal, if that is less than all of it. */
  report(refusal: Refusal, key?: string): void
}

interface Entry {
  readonly refusal: Refusal
  repeated: number
}

const intervalMs = 60_000
/** Distinct refusals per interval that have lines of their own. */
const entriesMax = 1000

export class RefusalLog implements RefusalSink {
  readonly #log: Logger
  readonly #entries = new Map<string, Entry>()
  readonly #timer: NodeJS.Timeout
  /** Refusals for which there was no entry left. */
  #others = 0

  constructor(log: Logger) {
    this.#log = log
    this.#timer = setInterval(() => this.summarize(), intervalMs).unref()
  }

  /** It happened so many times. */
  report(refusal: Refusal, key = refusal.reason, times = 1): void {
    const full = `${refusal.client} ${refusal.export ?? ''} ${key}`
    const entry = this.#entries.get(full)
    if (entry !== undefined) {
      entry.repeated += times
      return
    }
    if (this.#entries.size >= entriesMax) {
      this.#others += times
      return
    }
    this.#entries.set(full, { refusal, repeated: times - 1 })
    this.#log.warn(details(refusal), sentence(refusal))
  }

  /** Refusals that nobody could tell apart any more. */
  reportOthers(times: number): void {
    this.#others += times
  }

  /** Says how often each was repeated; forgets those that were not. */
  summarize(): void {
    for (const [key, entry] of this.#entries) {
      const { refusal, repeated } = entry
      if (repeated === 0) {
        this.#entries.delete(key)
        continue
      }
      entry.repeated = 0
      this.#log.warn({ ...details(refusal), repeated }, `${sentence(refusal)} (${repeated} times more)`)
    }
    if (this.#others === 0) return
    this.#log.warn({ repeated: this.#others }, `${this.#others} calls of other clients were refused`)
    this.#others = 0
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

function details(refusal: Refusal) {
  const { client, reason } = refusal
  return { client, ...(refusal.export !== undefined && { export: refusal.export }), reason }
}

function sentence(refusal: Refusal): string {
  const where = refusal.export === undefined ? '' : ` on ${quoted(refusal.export)}`
  return `client ${refusal.client} was refused${where}: ${refusal.reason}`
}

/** Control characters, and those that turn the direction of text: a terminal might obey them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const unshown = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Bytes or text of somebody else's for a log line: quoted, on one line, with nothing that a terminal would obey. */
export function quoted(text: Uint8Array | string): string {
  const json = JSON.stringify(typeof text === 'string' ? text : Buffer.from(text).toString())
  return json.replace(unshown, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
