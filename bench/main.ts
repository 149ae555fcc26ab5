/**
 * `npm run bench`: fsva and its peers on the same directory, the same workloads alternately, medians and ratios.
 * Runs in network and mount namespaces of its own, so that a peer's rpcbind meets nobody else's.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchOptions, median } from './options.ts'
import { fsva } from './servers/fsva.ts'
import { ganesha } from './servers/ganesha.ts'
import type { RunningServer, ServerKind } from './servers/server.ts'
import { type Measurement, measure, type Workload, workloads } from './workload.ts'

const options = benchOptions('bench', 'measures fsva next to NFS-Ganesha and prints ratios', 2)
const { rounds, seconds } = options

if (process.env.FSVA_BENCH_NAMESPACE === undefined) {
  if (process.getuid!() !== 0) {
    console.error('bench: needs root, for namespaces of its own; run it with sudo')
    process.exit(1)
  }
  const inner = 'ip link set lo up && mount -t tmpfs none /run && exec "$0" "$@"'
  const { status } = spawnSync(
    'unshare',
    ['-mn', 'sh', '-c', inner, process.execPath, ...process.argv.slice(1)],
    {
      stdio: 'inherit',
      env: { ...process.env, FSVA_BENCH_NAMESPACE: '1' },
    },
  )
  process.exit(status ?? 1)
}

const chosen = workloads.filter((work) => work.name.includes(options.only))
const servers = [fsva, ganesha].filter((kind) => {
  const missing = kind.missing()
  if (missing !== undefined) console.log(`${kind.name} is left out; to have it: ${missing}`)
  return missing === undefined
})

const fields = ['callsPerSecond', 'p50Us', 'p99Us', 'cpuUsPerCall'] as const
const results = new Map<string, Measurement[]>()
const key = (kind: ServerKind, work: Workload) => `${kind.name} ${work.name} ${work.depth}`
const scratch = mkdtempSync(join(options.directory, 'fsva-bench-'))
try {
  for (let round = 0; round < rounds; round++) {
    for (const kind of servers) await measureAll(kind, round)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
report()
if (options.json !== undefined)
  writeFileSync(options.json, JSON.stringify(Object.fromEntries(results), null, 2))

async function measureAll(kind: ServerKind, round: number): Promise<void> {
  const directory = join(scratch, 'export')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  const server: RunningServer = await kind.start(directory, scratch)
  try {
    for (const work of chosen) {
      process.stderr.write(`\r\x1b[Kround ${round + 1}/${rounds}: ${kind.name} ${work.name} x${work.depth}`)
      const taken = results.get(key(kind, work)) ?? []
      results.set(key(kind, work), [...taken, await measure(server, directory, work, seconds)])
    }
  } finally {
    await server.stop()
    process.stderr.write('\r\x1b[K')
  }
}

function report(): void {
  console.log(
    '| operation | depth | fsva calls/s | p50 us | CPU us/call | calls/s ratio | p50 ratio | CPU ratio |',
  )
  console.log('|---|---:|---:|---:|---:|---:|---:|---:|')
  for (const work of chosen) {
    const ours = median(results.get(key(fsva, work)) ?? [], fields)
    const peers = results.get(key(ganesha, work))
    const peer = peers === undefined ? undefined : median(peers, fields)
    const ratio = (field: keyof Measurement) =>
      peer === undefined ? '-' : (ours[field] / peer[field]).toFixed(2)
    console.log(
      `| ${work.name} | ${work.depth} | ${ours.callsPerSecond.toFixed(0)} | ${ours.p50Us.toFixed(1)} ` +
        `| ${ours.cpuUsPerCall.toFixed(2)} | ${ratio('callsPerSecond')} | ${ratio('p50Us')} | ${ratio('cpuUsPerCall')} |`,
    )
  }
}
