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
  if (!readable) return pino(options, bestEffort(pino.destination({ dest: destination, sync: true })))
  const stream = pretty({
    destination,
    sync: true,
    colorize: terminal,
    ignore: 'pid,hostname,name',
    translateTime: 'SYS:HH:MM:ss.l',
  })
  return pino(options, bestEffort(stream))
}

/** Nobody reading the log any more (EPIPE) is no reason to stop serving. */
function bestEffort<T extends { on(event: 'error', listener: () => void): unknown }>(stream: T): T {
  stream.on('error', () => {})
  return stream
}

/** A log that says nothing: the library's default. */
export function createSilentLog(): Logger {
  return pino({ level: 'silent' })
}
