import { Counter, Gauge, type Registry } from 'prom-client'

/** The reply cache's figures; all but the first two are counted since the server was started. */
export interface ReplyCacheFigures {
  readonly held: number
  readonly heldBytes: number
  readonly replayed: number
  readonly inherited: number
  readonly joined: number
  readonly resumed: number
  readonly evicted: number
  readonly unrecorded: number
}

const gauges = [
  ['fsva_reply_cache_replies', 'Replies kept for repeated calls', 'held'],
  ['fsva_reply_cache_bytes', 'Bytes that they take', 'heldBytes'],
] as const

const counters = [
  ['fsva_reply_cache_replayed_total', 'Repeated calls answered from the cache', 'replayed'],
  ['fsva_reply_cache_inherited_total', 'Those of them that a former process had answered', 'inherited'],
  ['fsva_reply_cache_joined_total', 'Repeated calls that waited for the first to end', 'joined'],
  ['fsva_reply_cache_resumed_total', 'Repeated calls done, not answered, by a former process', 'resumed'],
  ['fsva_reply_cache_evicted_total', 'Replies dropped for newer ones', 'evicted'],
  ['fsva_reply_cache_unrecorded_total', 'Calls whose intent found no room', 'unrecorded'],
] as const

export function registerReplyCache(figures: () => ReplyCacheFigures, registry: Registry): void {
  for (const [name, help, field] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(figures()[field])
      },
    })
  }
  for (const [name, help, field] of counters) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(figures()[field])
      },
    })
  }
}
