import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import type { LogFormat, LogLevel } from './config/settings.ts'

export type { Logger } from 'pino'

/**
 * The server's log, on stderr: stdout carries the ready line alone. Readable on a terminal, else JSON, one
 * object per line.
 */
export function createLog(
  level: LogLevel,
  format: LogFormat,
  terminal: boolean = process.stderr.isTTY,
): Logger {
  const readable = format === 'pretty' || (format === 'auto' && terminal)
  const options = { name: 'fsva-nfsd', level }
  const destination = 2
  if (!readable) return pino(options, pino.destination({ dest: destination, sync: true }))
  const stream = pretty({
    destination,
    sync: true,
    colorize: terminal,
    ignore: 'pid,hostname,name',
    translateTime: 'SYS:HH:MM:ss.l',
  })
  return pino(options, stream)
}

/** A log that says nothing: the library's default. */
export function createSilentLog(): Logger {
  return pino({ level: 'silent' })
}

const repeatKeysMax = 1000

/**
 * Lets the same event through once per interval, so that a client that keeps being refused cannot fill the
 * log; the next one let through carries how many were held back.
 */
export class RepeatLimit {
  readonly #intervalMs: number
  readonly #now: () => number
  readonly #seen = new Map<string, { since: number; suppressed: number }>()

  constructor(intervalMs: number, now: () => number = Date.now) {
    this.#intervalMs = intervalMs
    this.#now = now
  }

  /** Undefined: hold it back. Else how many equal events were held back since the last one let through. */
  admit(key: string): number | undefined {
    const now = this.#now()
    const entry = this.#seen.get(key)
    if (entry !== undefined && now - entry.since < this.#intervalMs) {
      entry.suppressed++
      return undefined
    }
    // Insertion order is age: the oldest key makes room, so a peer with many addresses cannot grow the map.
    this.#seen.delete(key)
    if (this.#seen.size >= repeatKeysMax) this.#seen.delete(this.#seen.keys().next().value!)
    this.#seen.set(key, { since: now, suppressed: 0 })
    return entry?.suppressed ?? 0
  }
}
