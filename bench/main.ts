/**
 * `npm run bench`: fsva and its peers on the same directory, one workload after the other, of each the servers in turn;
 * ratios, and docs/performance.md from them. Runs in network and mount namespaces of its own, so that a peer's rpcbind
 * meets nobody else's.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { join } from 'node:path'
import { type Measurement, measure } from './measure.ts'
import { enterOwnNamespaces } from './namespace.ts'
import { benchCommand, benchOptions, isChosen } from './options.ts'
import { writeDocuments } from './report/document.ts'
import { goalsTable, tables } from './report/tables.ts'
import { keepResults, type Results, type Taken } from './results.ts'
import { floor, pollingFloor } from './servers/floor.ts'
import { fsva } from './servers/fsva.ts'
import { ganesha, ganeshaVersion } from './servers/ganesha.ts'
import type { RunningServer, ServerKind } from './servers/server.ts'
import { type Place, type Workload, workloads } from './workload.ts'

const root = join(import.meta.dirname, '..')
const command = benchCommand(
  'bench --',
  'Measures fsva next to NFS-Ganesha, in turns on the same directory, and prints ratios and which goals are met.',
  { rounds: 5, seconds: 1 },
)
  .option('--disk <dir>', 'where the directory for the rows on disk is made', join(root, '.cache'))
  .option('--list', 'only name the rows')
  .option(
    '--write-docs',
    'keep the results in docs/performance/ and make its plots, docs/performance.md and the README anew',
  )
  .option('--report', 'only make them anew from the kept results')
  .addHelpText(
    'after',
    '\nA row is called OPERATION dDEPTH [cCONNECTIONS] [on disk], see --list: --only "mix,getattr d1,on disk".\n' +
      'Other benchmarks: npm run bench -- side-channel, workers, growth, macro, budget, profile; each has a --help, too.',
  )
const options = benchOptions(command)
const { disk, list, writeDocs, report } = command.opts<{
  disk: string
  list?: true
  writeDocs?: true
  report?: true
}>()
const warmUpSeconds = Math.min(0.2, options.seconds)

if (report) {
  writeDocuments()
  process.exit()
}
const chosen = workloads.filter((work) => isChosen(options, work.id))
if (writeDocs && options.isQuick) command.error('--quick measures nothing that could be kept')
if (chosen.length === 0) command.error(`no row has '${options.only.join("' or '")}' in its name; see --list`)
if (list) {
  console.log(chosen.map((work) => work.id).join('\n'))
  process.exit()
}
enterOwnNamespaces('bench')

const servers = [fsva, ganesha, floor, pollingFloor].filter((kind) => {
  const missing = kind.missing()
  if (missing !== undefined) console.log(`${kind.name} is left out; to have it: ${missing}`)
  return missing === undefined
})
const takers = (work: Workload) => servers.filter((kind) => kind.operations === undefined || work.floor)
const measurements = options.rounds * chosen.reduce((sum, work) => sum + takers(work).length, 0)
const started = Date.now()
let done = 0
/** A measurement takes this much longer than it is to: making files, starting servers. */
const besidesSeconds = 0.2
const minutes = Math.ceil((measurements * (options.seconds + warmUpSeconds + besidesSeconds)) / 60)
console.log(`${chosen.length} rows, ${options.rounds} rounds, about ${minutes} min`)

const rounds = new Map<Workload, Record<string, Measurement>[]>()
for (let round = 0; round < options.rounds; round++) {
  await measureAll('memory', round)
  await measureAll('disk', round)
}
progress('')
const results = Object.fromEntries(chosen.map((work) => [work.id, taken(work, rounds.get(work)!)]))
for (const { title, text } of tables(results, chosen)) console.log(`\n${title}\n\n${text}`)
console.log(`\n${goalsTable(results, chosen)}`)
if (options.isQuick)
  console.log('\nOne short round shows that it runs: these figures mean nothing, met or not.')
keep(results)

/** All servers run at once and only one has work: who waits uses no processor, and ratios are of neighbouring seconds. */
async function measureAll(place: Place, round: number): Promise<void> {
  const works = chosen.filter((work) => work.place === place)
  if (works.length === 0) return
  const parent = parentOf(place)
  mkdirSync(parent, { recursive: true })
  const scratch = mkdtempSync(join(parent, 'fsva-bench-'))
  const running = new Map<ServerKind, RunningServer>()
  try {
    const directory = join(scratch, 'export')
    mkdirSync(directory)
    for (const kind of servers) {
      if (works.some((work) => takers(work).includes(kind)))
        running.set(kind, await kind.start(directory, scratch))
    }
    for (const work of works) {
      const figures: Record<string, Measurement> = {}
      // Who is first in one round is last in the next.
      const order = round % 2 === 0 ? takers(work) : takers(work).toReversed()
      for (const kind of order) {
        progress(`round ${round + 1}/${options.rounds}: ${work.id}: ${kind.name}`)
        const times = { seconds: options.seconds, warmUpSeconds }
        figures[kind.name] = await measure(kind, running.get(kind)!, directory, work, times)
        done++
      }
      rounds.set(work, [...(rounds.get(work) ?? []), figures])
    }
  } finally {
    for (const server of running.values()) await server.stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

function taken({ place }: Workload, of: Taken['rounds']): Taken {
  const directory = parentOf(place)
  const fileSystem = spawnSync('findmnt', ['-fno', 'FSTYPE', '-T', directory], { encoding: 'utf8' }).stdout
  const kernel = `Linux ${release().split('.', 2).join('.')}`
  const on = [kernel, `${availableParallelism()} CPUs`, fileSystem.trim(), ganeshaVersion()]
  return {
    day: new Date().toISOString().slice(0, 10),
    on: on.filter((part) => part !== '').join(', '),
    seconds: options.seconds,
    rounds: of,
  }
}

function parentOf(place: Place): string {
  return place === 'disk' ? disk : options.directory
}

function keep(all: Results): void {
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, undefined, 2)}\n`)
  if (!writeDocs) return
  keepResults(all, workloads)
  writeDocuments()
}

/** One line on a terminal, and nothing where lines would add up. */
function progress(text: string): void {
  if (!process.stderr.isTTY) return
  const left =
    done === 0 ? '' : ` (${Math.ceil(((Date.now() - started) / done / 1000) * (measurements - done))} s left)`
  process.stderr.write(text === '' ? '\r\x1b[K' : `\r\x1b[K${text}${left}`)
}
