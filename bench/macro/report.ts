/** Tables of Markdown, made of what was measured; also from the JSON of an earlier run. */
import { type TargetName, targetNames } from './machines.ts'
import type { Measurement } from './measure.ts'

export interface MacroFigures {
  readonly description: string
  readonly remark: string
  readonly kernel: string
  readonly rounds: number
  /** Measurements in the order of the rounds. */
  readonly rows: readonly { readonly workload: string; readonly taken: Taken }[]
}

export type Taken = Readonly<Partial<Record<TargetName, readonly Measurement[]>>>

/** Seconds by file system, median and range, and their ratios: below 1, fsva is the faster one. */
export function timesTable({ rows }: MacroFigures): string {
  const names = targetNames.filter((name) => rows.some(({ taken }) => taken[name] !== undefined))
  const others = names.filter((name) => name !== 'fsva')
  const head = ['workload', ...names.map((name) => `${name}, s`), ...others.map((name) => `fsva / ${name}`)]
  const lines = rows.map(({ workload, taken }) => [
    workload,
    ...names.map((name) => spread(seconds(taken[name]))),
    ...others.map((name) => ratio(median(seconds(taken.fsva)), median(seconds(taken[name])))),
  ])
  return table(head, lines)
}

/** What the client asked the servers for, and how long it waited for a reply: of each workload's most frequent calls. */
export function callsTable({ rows }: MacroFigures, shown = 4): string {
  const servers = targetNames.filter((name) =>
    rows.some(({ taken }) => taken[name]?.some(({ stats }) => Object.keys(stats).length > 0)),
  )
  const head = ['workload', ...servers.map((name) => `${name}: calls (ms from sending to the reply)`)]
  const lines = rows.map(({ workload, taken }) => [
    workload,
    ...servers.map((name) => calls(middle(taken[name] ?? []), shown)),
  ])
  return table(head, lines)
}

function calls(measurement: Measurement | undefined, shown: number): string {
  const sorted = Object.entries(measurement?.stats ?? {}).sort(([, a], [, b]) => b.calls - a.calls)
  const all = sorted.reduce((sum, [, { calls }]) => sum + calls, 0)
  const each = sorted
    .slice(0, shown)
    .map(([name, { calls, rttMs }]) => `${calls} ${name} (${(rttMs / calls).toFixed(2)})`)
  return [`${all}`, ...each].join(', ')
}

/** The measurement whose time is the median. */
function middle(measurements: readonly Measurement[]): Measurement | undefined {
  const sorted = measurements.toSorted((a, b) => a.seconds - b.seconds)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

function seconds(measurements: readonly Measurement[] = []): number[] {
  return measurements.map(({ seconds }) => seconds).sort((a, b) => a - b)
}

function median(sorted: readonly number[]): number {
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
}

function spread(sorted: readonly number[]): string {
  if (sorted.length === 0) return '-'
  const three = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1))
  return `${three(median(sorted))} (${three(sorted[0]!)} to ${three(sorted.at(-1)!)})`
}

function ratio(ours: number, theirs: number): string {
  return Number.isFinite(ours / theirs) ? (ours / theirs).toFixed(2) : '-'
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'))
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}
