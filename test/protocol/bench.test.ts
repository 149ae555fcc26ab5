/** The benchmarks run: a short round of each, of which no figure is looked at. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { loadBinary } from '../../bench/measure.ts'
import type { Results } from '../../bench/results.ts'
import { floor, pollingFloor } from '../../bench/servers/floor.ts'
import { fsva } from '../../bench/servers/fsva.ts'
import { ganesha } from '../../bench/servers/ganesha.ts'
import { bulkRows, rows } from '../../bench/side-channel/parts.ts'
import { workloads } from '../../bench/workload.ts'

t.setTimeout(600_000)

const needsNamespaces = 'it takes namespaces of its own'

const root = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)

async function bench(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, words, { cwd: root })
  return stdout
}

/** The table's lines as cells. */
const cellsOf = (table: string) =>
  table
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.split('|').map((cell) => cell.trim()))

t.before(async () => {
  await run('cargo', ['build', '--release', '--manifest-path', join(root, 'bench/load/Cargo.toml')])
})

t.test('of NFS', { skip: process.getuid!() !== 0 && needsNamespaces }, async (t) => {
  const json = join(t.testdir(), 'results.json')
  const output = await bench('bench/main.ts', '--quick', '--json', json)
  t.match(output, 'these figures mean nothing')
  const results = JSON.parse(readFileSync(json, 'utf8')) as Results
  const servers = [fsva, ganesha, floor, pollingFloor].filter((kind) => kind.missing() === undefined)
  for (const { name } of [fsva, ganesha].filter((kind) => !servers.includes(kind))) {
    t.match(output, `${name} is left out; to have it: `, 'who is not there is named')
  }
  for (const work of workloads) {
    const [round] = results[work.id]!.rounds
    for (const { name } of servers.filter((kind) => kind.operations === undefined || work.floor)) {
      t.ok(round![name]!.callsPerSecond > 0, `${work.id}: ${name}`)
    }
  }
})

t.test('what READ answers is looked at', async (t) => {
  const scratch = t.testdir()
  const server = await floor.start(scratch, scratch)
  t.teardown(() => server.stop())
  const ports = ['--port', `${server.port}`, '--mount-port', `${server.mountPort}`]
  const read = [...ports, '--export', scratch, '--operation', 'read', '--seconds', '0.1']
  await t.rejects(run(loadBinary, read), { message: /READ at \d+ gave other data/ }, 'the floor has no files')
  t.match((await run(loadBinary, [...read, '--any-data'])).stdout, /"calls":[1-9]/, 'unless any will do')
})

t.test('of several event loops', { skip: process.getuid!() !== 0 && needsNamespaces }, async (t) => {
  const [, ...lines] = cellsOf(await bench('bench/workers.ts', '--quick', '--only', 'lookup'))
  t.equal(lines.length, 1)
  for (const cells of lines) for (const cell of cells.slice(2, 8)) t.ok(Number(cell) > 0, cell)
})

t.test('of how it grows', { skip: process.getuid!() !== 0 && needsNamespaces }, async (t) => {
  const [, ...lines] = cellsOf(await bench('bench/growth/main.ts', '--quick'))
  t.equal(lines.length, 9)
  for (const cells of lines) t.match(cells[3]!, /\d/, cells[1]!)
})

t.test('of the side channel', async (t) => {
  const lines = cellsOf(await bench('bench/side-channel/main.ts', '--quick'))
  for (const { title } of rows) {
    const cells = lines.find((line) => line[1] === title)
    t.ok(Number(cells?.[2]) > 0, title)
  }
  t.equal(lines.filter((line) => /at a time/.test(line[1]!)).length, bulkRows.length, 'and next to NFS')
})
