/**
 * `npm run bench -- workers`: the same server with one event loop and with several, alternately, on four connections: what
 * a call costs it, and how many it answers with the processors that the load leaves it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { benchOptions, median } from './options.ts'
import { fsvaWith } from './servers/fsva.ts'
import { type Measurement, measure, type Workload, workloads } from './workload.ts'

const connections = 4
const workers = [1, 2] as const
const options = benchOptions('bench workers', 'measures what a second event loop costs and brings', 1)

const fields = ['callsPerSecond', 'p50Us', 'p99Us', 'cpuUsPerCall'] as const
const chosen = workloads
  .filter((work) => work.depth === 16 && work.name.includes(options.only))
  .map((work) => ({ ...work, connections }))
const results = new Map<string, Measurement[]>()
const key = (loops: number, work: Workload) => `${loops} ${work.name}`

const scratch = mkdtempSync(join(options.directory, 'fsva-bench-'))
try {
  for (let round = 0; round < options.rounds; round++) {
    for (const work of chosen) for (const loops of workers) await measureOne(loops, work, round)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
report()
if (options.json !== undefined) {
  writeFileSync(options.json, JSON.stringify(Object.fromEntries(results), null, 2))
}

/** A server of its own: what an operation finds warm, the one before has not made so for one of them only. */
async function measureOne(loops: number, work: Workload, round: number): Promise<void> {
  process.stderr.write(`\r\x1b[Kround ${round + 1}/${options.rounds}: ${work.name}, ${loops} workers`)
  const directory = join(scratch, 'export')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  const server = await fsvaWith(['--workers', `${loops}`]).start(directory, scratch)
  try {
    // Twice: what is compiled is compiled the first time.
    await measure(server, directory, work, options.seconds / 2)
    const measured = await measure(server, directory, work, options.seconds)
    results.set(key(loops, work), [...(results.get(key(loops, work)) ?? []), measured])
  } finally {
    await server.stop()
    process.stderr.write('\r\x1b[K')
  }
}

function report(): void {
  const [one, several] = workers
  console.log(
    `${connections} connections at depth 16, ${availableParallelism()} processors for the load and the server, ` +
      `medians of ${options.rounds} rounds`,
  )
  console.log(
    `| operation | ${one} worker: calls/s | CPU us/call | ${several} workers: calls/s | CPU us/call | calls/s ratio | CPU ratio |`,
  )
  console.log('|---|---:|---:|---:|---:|---:|---:|')
  for (const work of chosen) {
    const before = median(results.get(key(one, work)) ?? [], fields)
    const after = median(results.get(key(several, work)) ?? [], fields)
    const cells = [
      before.callsPerSecond.toFixed(0),
      before.cpuUsPerCall.toFixed(2),
      after.callsPerSecond.toFixed(0),
      after.cpuUsPerCall.toFixed(2),
      (after.callsPerSecond / before.callsPerSecond).toFixed(2),
      (after.cpuUsPerCall / before.cpuUsPerCall).toFixed(2),
    ]
    console.log(`| ${work.name} | ${cells.join(' | ')} |`)
  }
}
