/** What a connection costs that has been used and is not any more, in memory and in time. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdConnections, load } from './generators.ts'
import { type GrowthOptions, isReached, type Measurement, type Point } from './point.ts'
import { type GrowthServer, startServer } from './server.ts'

const targetBytes = 32 << 10
/** Of one processor; /proc counts in hundredths of a second. */
const cpuTarget = 0.005

export const idleConnections: Measurement = { name: 'idle connections', measure }

async function measure({ scratch, seconds, isQuick }: GrowthOptions): Promise<readonly Point[]> {
  const count = isQuick ? 20 : 1000
  const idleSeconds = isQuick ? 0.5 : 10
  const directory = join(scratch, 'export')
  mkdirSync(directory)
  const limits = { connections_max: 2000, connections_per_address_max: 2000 }
  const server = await startServer([directory], scratch, { limits })
  const place = { server, directory }
  try {
    // Warm: what the first calls cost is no connection's.
    await load(place, 'write', ['--depth', 16, '--io-bytes', 64 << 10, '--seconds', seconds])
    const restless = await cpuShare(server, idleSeconds)
    const before = server.residentBytes()
    const held = await holdConnections(place, count)
    await sleep(isQuick ? 0 : 2000)
    const each = (server.residentBytes() - before) / count
    const crowded = await cpuShare(server, idleSeconds)
    await held.letGo()
    const percent = (share: number) => `${(share * 100).toFixed(2)} %`
    return [
      {
        what: `resident memory of a connection, of ${count}, after a NULL, a GETATTR and a WRITE of 64 KiB`,
        target: `under ${targetBytes >> 10} KiB`,
        measured: `${(each / 1024).toFixed(1)} KiB`,
        met: isReached(each < targetBytes, isQuick),
        figures: { connections: count, bytes_per_connection: each },
      },
      {
        what: `a processor's time that an idle server takes, after load, without connections and with ${count}`,
        target: 'none',
        measured: `${percent(restless)} and ${percent(crowded)}`,
        met: isReached(Math.max(restless, crowded) <= cpuTarget, isQuick),
        figures: { alone_share: restless, crowded_share: crowded, seconds: idleSeconds },
      },
    ]
  } finally {
    await server.stop()
  }
}

async function cpuShare(server: GrowthServer, seconds: number): Promise<number> {
  const before = server.cpuSeconds()
  await sleep(seconds * 1000)
  return (server.cpuSeconds() - before) / seconds
}
