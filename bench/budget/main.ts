/**
 * `npm run bench -- budget`: what one call of an operation takes of the server, counted: system calls (strace), calls of the
 * addon and bytes of JavaScript's heap (observe.ts). `--write-docs` puts the table into docs/performance.md.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { loadBinary } from '../measure.ts'
import { benchCommand, benchOptions, isChosen } from '../options.ts'
import { writePart } from '../report/document.ts'
import { markdownTable } from '../report/markdown.ts'
import { fsvaWith } from '../servers/fsva.ts'
import type { RunningServer } from '../servers/server.ts'
import type { Observed } from './observe.ts'

interface Row {
  readonly name: string
  readonly operation: string
  readonly depth: number
  readonly ioBytes: number
}

/** What one call took. */
interface Budget {
  readonly systemCalls: ReadonlyMap<string, number>
  readonly crossings: number
  readonly allocatedBytes: number
}

const row = (name: string, operation: string, depth = 16, ioBytes = 4096): Row => ({
  name,
  operation,
  depth,
  ioBytes,
})

const rows: readonly Row[] = [
  row('NULL', 'null'),
  row('GETATTR', 'getattr'),
  row('LOOKUP', 'lookup'),
  row('ACCESS', 'access'),
  row('READ 4 KiB', 'read'),
  row('WRITE 4 KiB', 'write'),
  row('COMMIT', 'commit'),
  row('CREATE, REMOVE', 'create'),
  row('READDIRPLUS of 100', 'readdirplus'),
  row('READ 1 MiB', 'read', 4, 1 << 20),
  row('WRITE 256 KiB', 'write', 4, 256 << 10),
]

/** What is set up before the calls that are counted is taken off as what a run without them takes. */
const noSeconds = 0.001
/** Time passes in these, not work: while it looks for the next call, the server asks again and again. */
const waits = new Set(['epoll_wait', 'epoll_pwait', 'restart_syscall'])

const command = benchCommand('bench -- budget', 'Counts what a call takes of the server.', {
  rounds: 1,
  seconds: 1,
}).option('--write-docs', 'put the table into docs/performance.md')
const options = benchOptions(command)

if (spawnSync('strace', ['--version']).status !== 0) {
  console.error('bench budget: needs strace: apt-get install strace')
  process.exit(1)
}
const scratch = mkdtempSync(join(options.directory, 'fsva-budget-'))
const counts = join(scratch, 'counts.json')
process.env.FSVA_BUDGET_FILE = counts
const lines: string[][] = []
try {
  for (const work of rows.filter(({ name }) => isChosen(options, name.toLowerCase()))) {
    process.stderr.write(`\r\x1b[K${work.name}`)
    lines.push(line(work, await budgetOf(work)))
  }
} finally {
  process.stderr.write('\r\x1b[K')
  rmSync(scratch, { recursive: true, force: true })
}
const titles = ['operation', 'depth', 'system calls', 'of which', 'calls of the addon', 'heap bytes']
const table = markdownTable(titles, lines, ['---', '---:', '---:', '---', '---:', '---:'])
console.log(table)
if (command.opts<{ writeDocs?: boolean }>().writeDocs) writePart('budget', table)

function line(work: Row, { systemCalls, crossings, allocatedBytes }: Budget): string[] {
  const seen = [...systemCalls].filter(([, count]) => count >= 0.01).sort(([, a], [, b]) => b - a)
  const total = seen.reduce((sum, [, count]) => sum + count, 0)
  const names = seen.map(([name, count]) => `${name} ${count.toFixed(2)}`).join(', ')
  const heap = Math.round(allocatedBytes / 10) * 10
  return [work.name, `${work.depth}`, total.toFixed(2), names, crossings.toFixed(2), `${heap}`]
}

/** In a server of its own, in which it has run before: what is compiled is compiled by then, and what is open is open. */
async function budgetOf(work: Row): Promise<Budget> {
  const directory = join(scratch, 'export')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  const observe = join(import.meta.dirname, 'observe.ts')
  const server = await fsvaWith([], ['--import', observe]).start(directory, scratch)
  try {
    const run = (seconds: number) => load(server, directory, work, seconds)
    await run(1)
    const crossed = await perCall(run, (calls) => observed(server, calls))
    const { systemCalls } = await perCall(run, (calls) => traced(server, calls))
    return { ...crossed, systemCalls }
  } finally {
    await server.stop()
  }
}

/** Answers how many calls it made. */
async function load(server: RunningServer, directory: string, work: Row, seconds: number): Promise<number> {
  const words = ['--port', server.port, '--mount-port', server.mountPort, '--export', directory]
  const what = ['--operation', work.operation, '--depth', work.depth, '--io-bytes', work.ioBytes]
  const much = ['--seconds', seconds, '--warm-up', 0, '--file-bytes', 4 << 20, '--entries', 100]
  const { stdout } = await promisify(execFile)(loadBinary, [...words, ...what, ...much].map(String))
  return (JSON.parse(stdout) as { calls: number }).calls
}

type Counted = Budget & { readonly calls: number }

/** What the calls of a run took that a run of hardly any did not. */
async function perCall(
  run: (seconds: number) => Promise<number>,
  counted: (calls: () => Promise<number>) => Promise<Counted>,
): Promise<Budget> {
  const few = await counted(() => run(noSeconds))
  const many = await counted(() => run(options.seconds))
  const each = (of: (from: Counted) => number) => Math.max(0, of(many) - of(few)) / (many.calls - few.calls)
  const names = [...many.systemCalls.keys()]
  return {
    systemCalls: new Map(names.map((name) => [name, each(({ systemCalls }) => systemCalls.get(name) ?? 0)])),
    crossings: each(({ crossings }) => crossings),
    allocatedBytes: each(({ allocatedBytes }) => allocatedBytes),
  }
}

async function observed(server: RunningServer, calls: () => Promise<number>): Promise<Counted> {
  await snapshot(server)
  const made = await calls()
  const { crossings, allocatedBytes } = await snapshot(server)
  const total = Object.entries(crossings)
    .filter(([name]) => name !== 'NativeSockets.look')
    .reduce((sum, [, count]) => sum + count, 0)
  return { calls: made, systemCalls: new Map(), crossings: total, allocatedBytes }
}

async function snapshot({ pid }: RunningServer): Promise<Observed> {
  rmSync(counts, { force: true })
  process.kill(pid, 'SIGUSR2')
  while (!existsSync(counts)) await sleep(5)
  return JSON.parse(readFileSync(counts, 'utf8'))
}

async function traced(server: RunningServer, calls: () => Promise<number>): Promise<Counted> {
  const file = join(scratch, 'strace')
  const words = ['-f', '-c', '-U', 'calls,name', '-o', file, '-p', `${server.pid}`]
  const strace = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    await attached(strace)
    const made = await calls()
    strace.kill('SIGINT')
    await once(strace, 'exit')
    const lines = [...readFileSync(file, 'utf8').matchAll(/^\s*(\d+)\s+(\w+)$/gm)]
    const systemCalls = new Map(lines.map(([, count, name]) => [name!, Number(count)]))
    for (const name of ['total', ...waits]) systemCalls.delete(name)
    return { calls: made, systemCalls, crossings: 0, allocatedBytes: 0 }
  } finally {
    strace.kill('SIGKILL')
  }
}

/** It says of each thread when it has it; the rest follow at once. */
async function attached(strace: ChildProcess): Promise<void> {
  const [said] = await Promise.race([once(strace.stderr!, 'data'), once(strace, 'exit')])
  if (!String(said).includes('attached')) throw new Error(`strace does not attach: ${said}`)
  await sleep(200)
}
