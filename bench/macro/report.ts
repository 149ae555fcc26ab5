/** Tables of Markdown, made of what was measured, now or in a kept run. */
import { median } from '../median.ts'
import { markdownTable } from '../report/markdown.ts'
import { type MacroFigures, machineKinds, type Row, ratioOf, readFigures, secondsOn } from './figures.ts'
import { targetNames } from './machines.ts'
import type { Measurement } from './measure.ts'

/** All of what one run, or the kept ones, say. */
export function macroReport(figures: MacroFigures): string {
  const { description, remark, kernel, rows } = figures
  const days = [...new Set(Object.values(rows).map(({ day }) => day))].join(', ')
  const rounds = [...new Set(Object.values(rows).map(({ rounds }) => rounds.length))].join(' or ')
  const paragraphs = [
    `${description} ${remark}`,
    `Seconds, the median and the range of ${rounds} rounds; ratios are of the times of one round (${days}, client Linux ${kernel}):`,
    timesTable(figures),
    'What the client called in the round whose time is the median, most frequent first, with the mean time from sending a call to its reply in milliseconds:',
    callsTable(figures),
  ]
  return paragraphs.join('\n\n')
}

/** The kept runs. */
export function keptMacroReports(): string {
  return machineKinds
    .flatMap((kind) => readFigures(kind) ?? [])
    .map(macroReport)
    .join('\n\n')
}

/** Seconds by file system, and ratios: below 1, fsva is the faster one. */
export function timesTable({ rows }: MacroFigures): string {
  const names = targetNames.filter((name) =>
    Object.values(rows).some((row) => secondsOn(row, name).length > 0),
  )
  const others = names.filter((name) => name !== 'fsva')
  const columns = ['workload', ...names, ...others.map((name) => `fsva / ${name}`)]
  const lines = Object.entries(rows).map(([workload, row]) => [
    workload,
    ...names.map((name) => spread(secondsOn(row, name))),
    ...others.map((name) => ratioOf(row, 'fsva', name)?.toFixed(2) ?? '-'),
  ])
  return markdownTable(columns, lines, rule(columns))
}

/** What the client asked the servers for, and how long it waited for a reply: of each workload's most frequent calls. */
export function callsTable({ rows }: MacroFigures, shown = 4): string {
  const servers = targetNames.filter((name) =>
    Object.values(rows).some(({ rounds }) =>
      rounds.some((round) => Object.keys(round[name]?.stats ?? {}).length > 0),
    ),
  )
  const lines = Object.entries(rows).map(([workload, row]) => [
    workload,
    ...servers.map((name) =>
      calls(
        middle(row, (round) => round[name]),
        shown,
      ),
    ),
  ])
  return markdownTable(['workload', ...servers], lines)
}

function calls(measurement: Measurement | undefined, shown: number): string {
  const sorted = Object.entries(measurement?.stats ?? {}).sort(([, a], [, b]) => b.calls - a.calls)
  const all = sorted.reduce((sum, [, { calls }]) => sum + calls, 0)
  const each = sorted
    .slice(0, shown)
    .map(([name, { calls, rttMs }]) => `${calls} ${name} ${(rttMs / calls).toFixed(2)}`)
  return `${all}: ${each.join(', ')}`
}

/** The measurement whose time is the median. */
function middle(row: Row, of: (round: Row['rounds'][number]) => Measurement | undefined) {
  const sorted = row.rounds.flatMap((round) => of(round) ?? []).sort((a, b) => a.seconds - b.seconds)
  return sorted[Math.floor(sorted.length / 2)]
}

function spread(seconds: readonly number[]): string {
  if (seconds.length === 0) return '-'
  const short = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1))
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)]
  return `${short(median(seconds))} (${short(least)} to ${short(most)})`
}

function rule(columns: readonly string[]): string[] {
  return columns.map((_, index) => (index === 0 ? '---' : '---:'))
}
