import pino, { type Logger } from 'pino'

export type { Logger } from 'pino'

/** The agent's log, on stderr, which is the journal or its log file: one JSON object per line. */
export function createLog(): Logger {
  const stream = pino.destination({ dest: 2, sync: true })
  // Nobody reading it any more is no reason to end.
  stream.on('error', () => {})
  return pino({ name: 'fsva-agent', level: process.env.FSVA_LOG_LEVEL ?? 'info' }, stream)
}
