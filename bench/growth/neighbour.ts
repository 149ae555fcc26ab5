/** What a client that asks one thing after another feels of another one that streams, or lists a huge directory. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { load, type Place, walk } from './generators.ts'
import { makeManyFiles } from './many-files.ts'
import { type GrowthOptions, isReached, type Measurement, type Point } from './point.ts'
import { type GrowthServer, startServer } from './server.ts'

/** Before and after the client that is measured: the neighbour is at it all the time. */
const marginSeconds = 0.7

interface Neighbour {
  readonly what: string
  run(server: GrowthServer, seconds: number): Promise<unknown>
}

export const neighbour: Measurement = { name: 'neighbour', measure }

async function measure({ scratch, seconds, isQuick }: GrowthOptions): Promise<readonly Point[]> {
  const quiet = join(scratch, 'quiet')
  const busy = join(scratch, 'busy')
  mkdirSync(quiet)
  mkdirSync(busy)
  const huge = join(busy, 'huge')
  makeManyFiles(huge, isQuick ? 1000 : 1_000_000)
  const server = await startServer([quiet, busy], scratch)
  const other = await startServer([busy], scratch, { port: 22149 })
  const asked: Place = { server, directory: quiet }
  const neighbours: Neighbour[] = [
    {
      what: 'streams 1 MiB READs',
      run: (of, duration) => {
        const words = ['--depth', 4, '--io-bytes', 1 << 20, '--seconds', duration]
        return load({ server: of, directory: busy }, 'read', words)
      },
    },
    {
      what: 'lists a million entries (READDIRPLUS)',
      run: (of, duration) => walk({ server: of, directory: huge }, 'list', ['--plus', '--seconds', duration]),
    },
  ]
  try {
    const points: Point[] = []
    for (const one of neighbours) points.push(await beside(one, asked, server, other, { seconds, isQuick }))
    return points
  } finally {
    await server.stop()
    await other.stop()
  }
}

async function beside(
  { what, run }: Neighbour,
  asked: Place,
  server: GrowthServer,
  other: GrowthServer,
  { seconds, isQuick }: Pick<GrowthOptions, 'seconds' | 'isQuick'>,
): Promise<Point> {
  const ask = () => load(asked, 'getattr', ['--depth', 1, '--seconds', seconds, '--file-bytes', 4096])
  const askBeside = async (where: GrowthServer) => {
    const neighbour = run(where, seconds + 2 * marginSeconds)
    await sleep(marginSeconds * 1000)
    const asked = await ask()
    await neighbour
    return asked
  }
  const alone = await ask()
  // The same work for the machine, none of it for the server that is asked.
  const control = await askBeside(other)
  const loaded = await askBeside(server)
  const ratio = loaded.p99_us! / alone.p99_us!
  const controlRatio = control.p99_us! / alone.p99_us!
  const us = (value: number | undefined) => value!.toFixed(0)
  return {
    what: `p99 of GETATTR while another client ${what}`,
    target: 'at most 3 x alone',
    measured:
      `${ratio.toFixed(1)} x (${us(loaded.p99_us)} us, alone ${us(alone.p99_us)} us; ` +
      `${controlRatio.toFixed(1)} x, ${us(control.p99_us)} us, if the other is served by another process)`,
    met: isReached(ratio <= 3, isQuick),
    figures: {
      alone_p50_us: alone.p50_us!,
      alone_p99_us: alone.p99_us!,
      loaded_p50_us: loaded.p50_us!,
      loaded_p99_us: loaded.p99_us!,
      control_p50_us: control.p50_us!,
      control_p99_us: control.p99_us!,
    },
  }
}
