/** The sessions that there are, and those that are being made. */

import type { Client } from './admission.ts'
import type { ExportCoherence, SideChannelFigures } from './native-side-channel.ts'

export interface Session {
  readonly id: number
  readonly client: Client
  /** Number of its device, if its memory is one. */
  readonly device: number | undefined
  /** Of its region: known once there is one. */
  instance: string | undefined
  /** What it was told of each export; nothing before it was. */
  view: ReadonlyMap<string, ExportCoherence['coherence']>
  readonly ended: Promise<void>
  readonly hasEnded: () => void
}

export type SessionEnd = 'closed' | 'gone' | 'broken'

export class SessionTable {
  readonly #sessions = new Map<number, Session>()

  get size(): number {
    return this.#sessions.size
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#sessions.values()
  }

  add(id: number, client: Client, device: number | undefined): Session {
    const { promise, resolve } = Promise.withResolvers<void>()
    const session: Session = {
      id,
      client,
      device,
      instance: undefined,
      view: new Map(),
      ended: promise,
      hasEnded: resolve,
    }
    this.#sessions.set(id, session)
    return session
  }

  remove(id: number): Session | undefined {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    session?.hasEnded()
    return session
  }

  /** Who else uses this device, or the region of this instance. */
  holder(session: Session, instance: string | undefined): Session | undefined {
    for (const other of this.#sessions.values()) {
      if (other === session) continue
      if (session.device !== undefined && other.device === session.device) return other
      if (session.device === undefined && instance !== undefined && other.instance === instance) return other
    }
    return undefined
  }
}

type Sum = { -readonly [K in keyof SideChannelFigures]: number }

/** Those that say how much there is now: they end with their session. */
const presents = [
  'connected',
  'underWay',
  'openFiles',
  'lentGrants',
  'cachedPages',
  'quarantinedGrants',
] as const satisfies readonly (keyof SideChannelFigures)[]

/** Adds up what sessions count, those that have ended included. */
export function addUp(all: Iterable<SideChannelFigures>): Sum {
  const sum: Sum = { ...noFigures }
  for (const figures of all) {
    for (const key of Object.keys(sum) as (keyof Sum)[]) sum[key] += figures[key]
  }
  return sum
}

/** What is left of a session's figures when it has ended. */
export function lasting(figures: SideChannelFigures): SideChannelFigures {
  const rest: Sum = { ...figures }
  for (const key of presents) rest[key] = 0
  return rest
}

export const noFigures: SideChannelFigures = {
  connected: 0,
  requests: 0,
  inline: 0,
  queued: 0,
  underWay: 0,
  repeated: 0,
  inDoubt: 0,
  failed: 0,
  bytesRead: 0,
  bytesWritten: 0,
  openFiles: 0,
  lentGrants: 0,
  cachedPages: 0,
  quarantinedGrants: 0,
  mapHits: 0,
  mapMisses: 0,
  invalidatedGrants: 0,
  restoredGrants: 0,
  hintsSent: 0,
  hintsDropped: 0,
}
