import { Counter, Gauge, type Registry } from 'prom-client'
import type { SideChannelFigures, WatchFigures } from '../side-channel/native-side-channel.ts'

/** The side channel's figures: of its sessions together, those that have ended included. */
export interface SideChannelMetrics extends SideChannelFigures, WatchFigures {
  readonly sessions: number
  readonly begun: number
  readonly refused: number
  readonly ended: { readonly closed: number; readonly gone: number; readonly broken: number }
}

type Field = Exclude<keyof SideChannelMetrics, 'ended'>

const gauges: readonly (readonly [name: string, help: string, field: Field])[] = [
  ['sessions', 'Clients that have a session', 'sessions'],
  ['connected', 'Sessions by which requests can come', 'connected'],
  ['requests_under_way', 'Requests not answered yet', 'underWay'],
  ['open_files', 'Files that clients have open', 'openFiles'],
  ['lent_grants', 'Grants of file pages that clients have', 'lentGrants'],
  ['cached_pages', 'Pages of 4 KiB that hold the bytes of files', 'cachedPages'],
  ['known_handles', 'Files and directories that clients know, and are told of', 'knownHandles'],
  ['quarantined_grants', 'Grants taken back that clients have not given back yet', 'quarantinedGrants'],
]

const counters: readonly (readonly [name: string, help: string, field: Field])[] = [
  ['sessions_begun_total', 'Sessions begun', 'begun'],
  ['refused_total', 'Clients turned away', 'refused'],
  ['requests_total', 'Requests received', 'requests'],
  ['requests_inline_total', 'Requests done at once, by the thread that received them', 'inline'],
  ['requests_queued_total', 'Requests done by threads of an export', 'queued'],
  ['requests_repeated_total', 'Requests sent again and answered from the record', 'repeated'],
  ['requests_in_doubt_total', 'Requests that a former process was killed over', 'inDoubt'],
  ['requests_failed_total', 'Requests answered with an error', 'failed'],
  ['read_bytes_total', 'Bytes read by grant', 'bytesRead'],
  ['written_bytes_total', 'Bytes written by grant', 'bytesWritten'],
  ['map_hits_total', 'Pages mapped from a copy that was there', 'mapHits'],
  ['map_misses_total', 'Pages mapped that had to be read', 'mapMisses'],
  ['invalidated_grants_total', 'Grants taken back since their bytes changed', 'invalidatedGrants'],
  ['restored_grants_total', 'Grants that clients held over a restart', 'restoredGrants'],
  ['changes_seen_total', 'Changes by programs of this machine', 'events'],
  ['changes_lost_total', 'Times that too many programs changed too much to be seen', 'overflows'],
  ['notices_total', 'Changes that sessions were told of', 'notices'],
  ['resyncs_total', 'Times that a session was told to look at everything', 'resyncs'],
  ['hints_sent_total', 'Messages of changes put into rings', 'hintsSent'],
  [
    'hints_dropped_total',
    'Messages for which a ring had no room, or no reader: the client looks at everything',
    'hintsDropped',
  ],
]

const prefix = 'fsva_side_channel_'

export function registerSideChannel(figures: () => SideChannelMetrics, registry: Registry): void {
  for (const [name, help, field] of gauges) {
    new Gauge({
      name: prefix + name,
      help,
      registers: [registry],
      collect() {
        this.set(figures()[field])
      },
    })
  }
  for (const [name, help, field] of counters) {
    new Counter({
      name: prefix + name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(figures()[field])
      },
    })
  }
  new Counter({
    name: `${prefix}sessions_ended_total`,
    help: 'Sessions ended: by this server, by the client, or since one of them broke the rules',
    labelNames: ['how'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [how, count] of Object.entries(figures().ended)) this.inc({ how }, count)
    },
  })
}
