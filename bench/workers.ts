/**
 * `npm run bench -- workers`: the same server with one event loop and with several, alternately, on four connections: what
 * a call costs it, and how many it answers with the processors that the load leaves it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Measurement, measure } from './measure.ts'
import { medians } from './median.ts'
import { enterOwnNamespaces } from './namespace.ts'
import { benchCommand, benchOptions, isChosen } from './options.ts'
import { fsvaWith } from './servers/fsva.ts'
import { type Workload, workloads } from './workload.ts'

const connections = 4
const workers = [1, 2] as const
const options = benchOptions(
  benchCommand('bench -- workers', 'Measures what a second event loop costs and brings.', {
    rounds: 3,
    seconds: 1,
  }),
)
enterOwnNamespaces('bench -- workers')
/** Until what is compiled is compiled. */
const warmUpSeconds = options.seconds / 2

const fields = ['callsPerSecond', 'p50Us', 'p99Us', 'cpuUsPerCall'] as const
const chosen = workloads
  .filter((work) => work.depth === 16 && work.place === 'memory' && work.connections === 1)
  .filter((work) => isChosen(options, work.id))
  .map((work) => ({ ...work, connections }))
const results = new Map<string, Measurement[]>()
const key = (loops: number, work: Workload) => `${loops} ${work.title}`

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
  process.stderr.write(`\r\x1b[Kround ${round + 1}/${options.rounds}: ${work.title}, ${loops} workers`)
  const directory = join(scratch, 'export')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  const kind = fsvaWith(['--workers', `${loops}`])
  const server = await kind.start(directory, scratch)
  try {
    const times = { seconds: options.seconds, warmUpSeconds }
    const measured = await measure(kind, server, directory, work, times)
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
    const before = medians(results.get(key(one, work)) ?? [], fields)
    const after = medians(results.get(key(several, work)) ?? [], fields)
    const cells = [
      before.callsPerSecond.toFixed(0),
      before.cpuUsPerCall.toFixed(2),
      after.callsPerSecond.toFixed(0),
      after.cpuUsPerCall.toFixed(2),
      (after.callsPerSecond / before.callsPerSecond).toFixed(2),
      (after.cpuUsPerCall / before.cpuUsPerCall).toFixed(2),
    ]
    console.log(`| ${work.title} | ${cells.join(' | ')} |`)
  }
}
