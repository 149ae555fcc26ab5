/**
 * `npm run bench -- side-channel`: what an operation of the side channel costs, native to native and through the
 * TypeScript API, next to the FSVA paper's Table 2; and reads by grant next to the same reads by NFS from the same server.
 * Server and client have a processor each.
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { medians } from '../median.ts'
import { benchCommand, benchOptions, isChosen } from '../options.ts'
import { bulkRows, type Row, rows } from './parts.ts'
import { fileBytes, mountPort, port, type ServedFile, serveFile } from './served-file.ts'

const options = benchOptions(
  benchCommand('bench -- side-channel', 'Measures the side channel next to the paper and to NFS.', {
    rounds: 3,
    seconds: 1,
  }),
)

interface Figures {
  readonly operations: number
  readonly perSecond: number
  readonly bytes: number
  readonly p50Us: number
  readonly p99Us: number
  /** Of both sides together. */
  readonly cpuSeconds: number
}

const fields = ['operations', 'perSecond', 'bytes', 'p50Us', 'p99Us', 'cpuSeconds'] as const

/** What the NFS load generator is told. */
interface Load {
  readonly depth: number
  readonly ioBytes: number
  readonly fileBytes: number
}

const root = join(import.meta.dirname, '..', '..')
const native = join(root, 'native')
const run = promisify(execFile)
const { rounds } = options
const seconds = `${options.seconds}`
/** On one processor, spinning keeps the other side from answering: what is measured then is the scheduler. */
const pinned = cpus().length > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0
const onProcessor = (processor: number) => (pinned ? ['taskset', '-c', `${processor}`] : [])

const build = ['build', '--release', '--quiet', '-p', 'fsva-agent', '--example', 'measure']
await run('cargo', build, { cwd: native })

const scratch = mkdtempSync(join(options.directory, 'fsva-bench-'))
const results = new Map<string, Figures[]>()
try {
  const served = await serveFile(scratch, onProcessor(0))
  try {
    for (let round = 0; round < rounds; round++) await measureAll(served, round)
  } finally {
    await served.server.stop()
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
  process.stderr.write('\r\x1b[K')
}
report()
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify(Object.fromEntries(results), null, 2)}\n`)

async function measureAll(served: ServedFile, round: number): Promise<void> {
  const chosen = rows.filter(({ title }) => isChosen(options, title))
  for (const row of chosen) {
    for (const language of languages(row)) await measure(served, round, language, row.what)
  }
  for (const { title, what, ioBytes, nfsDepth, fileBytes: read = fileBytes } of bulkRows) {
    if (!isChosen(options, title)) continue
    // Alternately: what else the machine does concerns both.
    await measure(served, round, 'native', what)
    await measure(served, round, 'nfs', what, { depth: nfsDepth, ioBytes, fileBytes: read })
  }
}

async function measure(
  served: ServedFile,
  round: number,
  by: 'native' | 'typescript' | 'nfs',
  what: string,
  load: Load = { depth: 1, ioBytes: 0, fileBytes },
): Promise<void> {
  process.stderr.write(`\r\x1b[Kround ${round + 1}/${rounds}: ${by} ${what}`)
  const words = [...onProcessor(1), ...commandOf(served, by, what, load)]
  const { stdout } = await run(words[0]!, words.slice(1), { cwd: root })
  const key = `${by} ${what}`
  results.set(key, [...(results.get(key) ?? []), parse(stdout, load.ioBytes)])
}

function commandOf(
  served: ServedFile,
  by: 'native' | 'typescript' | 'nfs',
  what: string,
  { depth, ioBytes, fileBytes: read }: Load,
): string[] {
  const pid = `${served.server.child.pid}`
  const words = [served.socket, Buffer.from(served.handle).toString('hex'), what, seconds, pid]
  if (by === 'native') return [join(native, 'target', 'release', 'examples', 'measure'), ...words]
  if (by === 'typescript')
    return [process.execPath, join(import.meta.dirname, 'measure-typescript.ts'), ...words]
  const where = ['--port', port, '--mount-port', mountPort, '--export', served.directory]
  const load = ['--operation', 'read', '--random', '--depth', depth, '--io-bytes', ioBytes]
  const length = ['--seconds', seconds, '--file-bytes', read, '--server-pid', pid]
  return [join(root, 'bench', 'load', 'target', 'release', 'fsva-load'), ...where, ...load, ...length].map(
    String,
  )
}

/** Both generators' lines. */
function parse(stdout: string, ioBytes: number): Figures {
  const line = JSON.parse(stdout) as Record<string, number>
  if (line.calls === undefined) return line as unknown as Figures
  return {
    operations: line.calls,
    perSecond: line.calls_per_s!,
    bytes: line.calls * ioBytes,
    p50Us: line.p50_us!,
    p99Us: line.p99_us!,
    cpuSeconds: line.cpu_s!,
  }
}

function languages({ what }: Row): readonly ('native' | 'typescript')[] {
  return what === 'create-destroy' || what === 'claim-release' ? ['native'] : ['native', 'typescript']
}

function report(): void {
  const figures = (key: string) => {
    const taken = results.get(key)
    return taken === undefined ? undefined : medians(taken, fields)
  }
  const us = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(value < 1 ? 3 : 2))
  console.log(
    '| operation | native p50 us | p99 us | TypeScript p50 us | p99 us | paper us | native / paper |',
  )
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |')
  for (const { title, what, paperUs } of rows) {
    const [own, script] = [figures(`native ${what}`), figures(`typescript ${what}`)]
    if (own === undefined) continue
    const ratio = paperUs === undefined ? '-' : (own.p50Us / paperUs).toFixed(3)
    const cells = [own.p50Us, own.p99Us, script?.p50Us, script?.p99Us, paperUs].map(us)
    console.log(`| ${[title, ...cells, ratio].join(' | ')} |`)
  }
  console.log('')
  console.log(
    '| random reads of a cached file | by grant, per s | MB per CPU s | p50 us | by NFS, per s | MB per CPU s | p50 us | per s | per CPU s |',
  )
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
  for (const { title, what } of bulkRows) {
    const [own, nfs] = [figures(`native ${what}`), figures(`nfs ${what}`)]
    if (own === undefined || nfs === undefined) continue
    const megabytesPerCpu = (of: Figures) => of.bytes / of.cpuSeconds / 1e6
    const cells = [own, nfs].map((one) => [
      one.perSecond.toFixed(0),
      megabytesPerCpu(one).toFixed(0),
      us(one.p50Us),
    ])
    const ratios = [own.perSecond / nfs.perSecond, megabytesPerCpu(own) / megabytesPerCpu(nfs)]
    console.log(`| ${[title, ...cells.flat(), ...ratios.map((ratio) => ratio.toFixed(2))].join(' | ')} |`)
  }
}
