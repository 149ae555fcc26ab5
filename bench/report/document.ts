/** docs/performance.md and the README: prose by hand, and between markers what the kept results say. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keptMacroReports } from '../macro/report.ts'
import { type Results, readResults, resultsDirectory } from '../results.ts'
import { workloads } from '../workload.ts'
import { latencyChart } from './latency-chart.ts'
import { ratioChart } from './ratio-chart.ts'
import { goalsTable, speedTable, tables } from './tables.ts'

const root = join(import.meta.dirname, '..', '..')

/** What is made of the results and where it goes: between the markers of their names. */
export const documents: readonly {
  readonly path: string
  readonly parts: (results: Results) => Readonly<Record<string, readonly string[]>>
}[] = [
  { path: join(root, 'docs', 'performance.md'), parts: performanceParts },
  { path: join(root, 'README.md'), parts: (results) => ({ speed: [speedTable(results, workloads)] }) },
]

/** Writes the plots and the parts of the documents anew. */
export function writeDocuments(): void {
  const results = readResults()
  for (const [name, svg] of Object.entries(charts(results))) writeFileSync(join(resultsDirectory, name), svg)
  for (const { path, parts } of documents) {
    writeFileSync(path, withParts(readFileSync(path, 'utf8'), parts(results)))
    // The formatter aligns the tables.
    execFileSync('biome', ['format', '--write', path])
  }
}

/** Writes one part of docs/performance.md anew that is not made of the kept results. */
export function writePart(name: string, text: string): void {
  const [{ path }] = documents as [(typeof documents)[number]]
  writeFileSync(path, withParts(readFileSync(path, 'utf8'), { [name]: [text] }))
  execFileSync('biome', ['format', '--write', path])
}

/** The plots by file name. */
export function charts(results: Results): Readonly<Record<string, string>> {
  return { 'ratios.svg': ratioChart(results, workloads), 'latency.svg': latencyChart(results, workloads) }
}

function performanceParts(results: Results): Readonly<Record<string, readonly string[]>> {
  const all = tables(results, workloads)
  const ofGroups = (...groups: readonly string[]) =>
    all.filter(({ group }) => groups.includes(group)).map(({ title, text }) => `${title}\n\n${text}`)
  return {
    targets: [goalsTable(results, workloads)],
    ratios: [
      '![Calls per second as multiples of NFS-Ganesha](performance/ratios.svg)',
      ...ofGroups('pipelined', 'large', 'connections', 'one at a time'),
      '![Latency of one call at a time](performance/latency.svg)',
      ranWhen(results, 'memory'),
    ],
    floor: ofGroups('floor'),
    disk: [...ofGroups('disk'), ranWhen(results, 'disk')],
    macro: [keptMacroReports()],
  }
}

/** The document with these parts in it; a part without its markers is an error. */
export function withParts(document: string, parts: Readonly<Record<string, readonly string[]>>): string {
  let text = document
  for (const [name, paragraphs] of Object.entries(parts)) text = fillIn(text, name, paragraphs.join('\n\n'))
  return text
}

/** Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
function fillIn(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`there is no ${begin}`)
  return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`
}

/** Which runs the rows are of; rows that were measured anew by themselves can be of different ones. */
function ranWhen(results: Results, place: string): string {
  const runs = workloads
    .filter((work) => work.place === place)
    .flatMap(({ id }) => results[id] ?? [])
    .map(({ day, on, seconds, rounds }) => `${day}, ${on}, ${rounds.length} rounds of ${seconds} s each`)
  return `\`npm run bench -- --write-docs\`, ${[...new Set(runs)].join('; ')}.`
}
