/** docs/performance.md: prose by hand, and between markers what the kept results say. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Results, readResults, resultsDirectory } from '../results.ts'
import { workloads } from '../workload.ts'
import { latencyChart } from './latency-chart.ts'
import { ratioChart } from './ratio-chart.ts'
import { goalsTable, tables } from './tables.ts'

export const documentPath = join(resultsDirectory, '..', 'performance.md')

/** Writes the document and its plots anew. */
export function writePerformanceDocument(): void {
  const results = readResults()
  for (const [name, svg] of Object.entries(charts(results))) writeFileSync(join(resultsDirectory, name), svg)
  writeFileSync(documentPath, renderDocument(readFileSync(documentPath, 'utf8'), results))
  // The formatter aligns the tables.
  execFileSync('biome', ['format', '--write', documentPath])
}

/** The plots by file name. */
export function charts(results: Results): Readonly<Record<string, string>> {
  return { 'ratios.svg': ratioChart(results, workloads), 'latency.svg': latencyChart(results, workloads) }
}

/** The document with what stands between its markers made anew; a part without a marker is an error. */
export function renderDocument(document: string, results: Results): string {
  const all = tables(results, workloads)
  const ofGroups = (...groups: readonly string[]) =>
    all.filter(({ group }) => groups.includes(group)).map(({ title, text }) => `${title}\n\n${text}`)
  const parts: Readonly<Record<string, readonly string[]>> = {
    targets: [goalsTable(results, workloads)],
    ratios: [
      '![Calls per second as multiples of NFS-Ganesha](performance/ratios.svg)',
      ...ofGroups('pipelined', 'large', 'connections', 'one at a time'),
      '![Latency of one call at a time](performance/latency.svg)',
      ranWhen(results, 'memory'),
    ],
    floor: ofGroups('floor'),
    disk: [...ofGroups('disk'), ranWhen(results, 'disk')],
  }
  let text = document
  for (const [name, paragraphs] of Object.entries(parts)) text = fillIn(text, name, paragraphs.join('\n\n'))
  return text
}

/** Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
function fillIn(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for '${name}': ${begin}`)
  return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`
}

/** Which runs the rows are of; rows that were measured anew by themselves can be of different ones. */
function ranWhen(results: Results, place: string): string {
  const runs = workloads
    .filter((work) => work.place === place)
    .flatMap(({ id }) => results[id] ?? [])
    .map(
      ({ day, machine, seconds, rounds }) =>
        `${day}, ${machine}, ${rounds.length} rounds of ${seconds} s each`,
    )
  return `\`npm run bench -- --write-docs\`, ${[...new Set(runs)].join('; ')}.`
}
