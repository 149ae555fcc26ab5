/**
 * The agent's control socket: one JSON object per line, a request and then its answer. It carries no data of files: for
 * those there is the data socket.
 */

import type { AgentOptions } from './agent-options.ts'

export const requestBytesMax = 4096
export const answerBytesMax = 1024 * 1024

export type ControlRequest =
  | { readonly op: 'status' }
  | { readonly op: 'stats' }
  | { readonly op: 'ping' }
  /** The mount is going: end, and do not come back. */
  | { readonly op: 'stop' }

export interface AgentStatus {
  /** What it was started with. */
  readonly options: AgentOptions
  readonly pid: number
  /** Whether systemd started it, and would start it again. */
  readonly supervised: boolean
  /** `up`: the server answers over it; `down`: the agent tries again and again, and NFS goes on alone. */
  readonly channel: 'up' | 'down'
  /** Why it is down, if that is known. */
  readonly failure?: string
  /** Where other programs find it; null until there was a channel. */
  readonly dataSocket: string | null
}

/** Numbers by name, in groups. */
export interface Figures {
  readonly [name: string]: number | string | boolean | null | Figures
}

export interface ControlAnswers {
  readonly status: AgentStatus
  readonly stats: { readonly status: AgentStatus; readonly channel: Figures | null }
  /** Microseconds there and back. */
  readonly ping: { readonly microseconds: number }
  readonly stop: Record<string, never>
}

export type ControlAnswer<Op extends keyof ControlAnswers> =
  | { readonly ok: true; readonly answer: ControlAnswers[Op] }
  | { readonly ok: false; readonly error: string }

/** A request as it was sent; undefined: nonsense. */
export function parseRequest(line: string): ControlRequest | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('op' in value)) return undefined
  const { op } = value
  return op === 'status' || op === 'stats' || op === 'ping' || op === 'stop' ? { op } : undefined
}
