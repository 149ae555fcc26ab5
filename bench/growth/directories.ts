/** What an entry costs in the listing of a directory, small and huge. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { walk } from './generators.ts'
import { makeManyFiles } from './many-files.ts'
import { type GrowthOptions, isReached, type Measurement, mebibytes, type Point } from './point.ts'
import { startServer } from './server.ts'

/** Flat: the most and the least that an entry costs differ by no more than this. */
const factorMax = 1.5
const sampleMs = 20

export const directories: Measurement = { name: 'directories', measure }

interface Listed {
  readonly entries: number
  readonly usPerEntry: number
  /** More resident memory than before it, at most. */
  readonly grewBytes: number
}

async function measure({ scratch, isQuick }: GrowthOptions): Promise<readonly Point[]> {
  const sizes = isQuick ? [1000] : [10_000, 100_000, 1_000_000]
  const taken = new Map<string, Listed[]>([
    ['READDIR', []],
    ['READDIRPLUS', []],
  ])
  for (const entries of sizes) {
    const directory = join(scratch, 'many')
    makeManyFiles(directory, entries)
    for (const [procedure, listings] of taken)
      listings.push(await list(directory, scratch, procedure, entries, isQuick ? 0.1 : 1))
    rmSync(directory, { recursive: true })
  }
  return [...taken].map(([procedure, listings]) => point(procedure, listings, isQuick))
}

/** By a server of its own: what was remembered of one listing is not there for the next. */
async function list(
  directory: string,
  scratch: string,
  procedure: string,
  entries: number,
  seconds: number,
): Promise<Listed> {
  const server = await startServer([directory], scratch)
  try {
    const words = procedure === 'READDIRPLUS' ? ['--plus'] : []
    const place = { server, directory }
    // The small ones are listed as often as it takes to be measured, and to have the code compiled.
    await walk(place, 'list', [...words, '--seconds', seconds])
    const before = server.residentBytes()
    let highest = before
    const sampler = setInterval(() => {
      highest = Math.max(highest, server.residentBytes())
    }, sampleMs)
    const listed = await walk(place, 'list', [...words, '--whole', '--seconds', seconds])
    clearInterval(sampler)
    const usPerEntry = (listed.seconds! / listed.entries!) * 1e6
    return { entries, usPerEntry, grewBytes: highest - before }
  } finally {
    await server.stop()
  }
}

function point(procedure: string, listings: readonly Listed[], isQuick: boolean): Point {
  const costs = listings.map(({ usPerEntry }) => usPerEntry)
  const factor = Math.max(...costs) / Math.min(...costs)
  const each = listings.map(
    ({ entries, usPerEntry, grewBytes }) =>
      `${entries}: ${usPerEntry.toFixed(2)} us, ${mebibytes(grewBytes)} more`,
  )
  const figures = listings.flatMap(({ entries, usPerEntry, grewBytes }) => [
    [`us_per_entry_of_${entries}`, usPerEntry] as const,
    [`bytes_more_of_${entries}`, grewBytes] as const,
  ])
  return {
    what: `an entry in a listing by ${procedure} on tmpfs`,
    target: `as much in a large directory as in a small one (within ${factorMax} x)`,
    measured: `${factor.toFixed(2)} x (${each.join('; ')})`,
    met: isReached(factor <= factorMax, isQuick),
    figures: Object.fromEntries(figures),
  }
}
