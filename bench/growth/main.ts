/**
 * `npm run bench -- growth`: what must not grow with the number of files, entries and connections, or with what somebody
 * else does: each next to what it must be. Takes about five minutes and 3 GiB of memory.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { enterOwnNamespaces } from '../namespace.ts'
import { benchCommand, benchOptions, isChosen } from '../options.ts'
import { directories } from './directories.ts'
import { idleConnections } from './idle-connections.ts'
import { manyFilesTouched } from './many-files-touched.ts'
import { neighbour } from './neighbour.ts'
import type { Measurement, Point } from './point.ts'
import { slowExport } from './slow-export.ts'

const measurements: readonly Measurement[] = [
  directories,
  manyFilesTouched,
  idleConnections,
  neighbour,
  slowExport,
]

const options = benchOptions(
  benchCommand('bench -- growth', 'Measures how the server grows.', { rounds: 1, seconds: 2 }),
)
enterOwnNamespaces('bench growth')

const scratch = mkdtempSync(join(options.directory, 'fsva-bench-'))
const points: Point[] = []
try {
  for (const { name, measure } of measurements) {
    if (!isChosen(options, name)) continue
    process.stderr.write(`\r\x1b[K${name}`)
    const own = join(scratch, 'own')
    mkdirSync(own)
    points.push(...(await measure({ scratch: own, seconds: options.seconds, isQuick: options.isQuick })))
    rmSync(own, { recursive: true, force: true })
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
  process.stderr.write('\r\x1b[K')
}
console.log('| what | must be | measured | |')
console.log('| --- | --- | --- | --- |')
for (const { what, target, measured, met } of points) {
  const verdict = met === undefined ? '' : met ? 'met' : 'NOT met'
  console.log(`| ${what} | ${target ?? ''} | ${measured} | ${verdict} |`)
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(points, null, 2)}\n`)
