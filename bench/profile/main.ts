/**
 * `npm run bench -- profile`: where the server's thread spends its time while one connection keeps 16 calls outstanding, by
 * samples of perf. `--write-docs` puts the table into docs/performance.md.
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { measure } from '../measure.ts'
import { benchCommand, benchOptions, isChosen } from '../options.ts'
import { writePart } from '../report/document.ts'
import { markdownTable } from '../report/markdown.ts'
import { fsvaWith } from '../servers/fsva.ts'
import { type Workload, workloads } from '../workload.ts'
import { kinds, shares } from './kinds.ts'

const operations = ['getattr', 'lookup', 'read', 'write']
const samplesPerSecond = 1999
/** Until what is compiled is compiled. */
const warmUpSeconds = 2

const command = benchCommand('bench -- profile', 'Samples where the server spends its time.', {
  rounds: 1,
  seconds: 3,
}).option('--write-docs', 'put the table into docs/performance.md')
const options = benchOptions(command)

if (spawnSync('perf', ['--version']).status !== 0) {
  console.error('bench profile: needs perf: apt-get install linux-perf')
  process.exit(1)
}
const chosen = workloads.filter(
  ({ id, group, operation, depth }) =>
    group === 'pipelined' && depth === 16 && operations.includes(operation) && isChosen(options, id),
)
const scratch = mkdtempSync(join(options.directory, 'fsva-profile-'))
const rows: (string | number)[][] = []
try {
  for (const work of chosen) rows.push(await profile(work))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
const titles = ['operation', 'calls/s', ...kinds.map(({ title }) => title)]
const table = markdownTable(titles, rows, ['---', ...titles.slice(1).map(() => '---:')])
console.log(table)
if (command.opts<{ writeDocs?: boolean }>().writeDocs) writePart('profile', table)

async function profile(work: Workload): Promise<(string | number)[]> {
  const directory = join(scratch, 'export')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  // So that perf can name what V8 has compiled.
  const kind = fsvaWith(
    [],
    ['--perf-basic-prof', '--no-logfile-per-isolate', `--logfile=${join(scratch, 'v8.log')}`],
  )
  const server = await kind.start(directory, scratch)
  const data = join(scratch, 'perf.data')
  const perf = (...words: string[]) => promisify(execFile)('perf', words, { maxBuffer: 1 << 30 })
  try {
    const { seconds } = options
    const running = measure(kind, server, directory, work, { seconds: seconds + 1, warmUpSeconds })
    await sleep((warmUpSeconds + 0.5) * 1000)
    const what = ['-F', `${samplesPerSecond}`, '-e', 'cpu-clock', '-g', '-p', `${server.pid}`]
    await perf('record', '-q', ...what, '-o', data, '--', 'sleep', `${seconds}`)
    const { callsPerSecond } = await running
    const { stdout } = await perf('script', '-i', data, '-F', 'comm,ip,sym,dso')
    return [work.title, callsPerSecond, ...shares(stdout).map((share) => `${(share * 100).toFixed(0)} %`)]
  } finally {
    await server.stop()
    rmSync(`/tmp/perf-${server.pid}.map`, { force: true })
  }
}
