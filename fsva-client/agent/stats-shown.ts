import { shownRendezvous } from './agent-options.ts'
import type { ControlAnswers, Figures } from './control-protocol.ts'

/** What `fsva-client stats` prints for people. */
export function statsShown({ status, channel }: ControlAnswers['stats']): string {
  const { options, pid, dataSocket } = status
  const failure = status.failure === undefined ? '' : `: ${status.failure}`
  const rows: Row[] = [
    ['mount point', options.mountPoint],
    ['channel', `${status.channel}${failure}`],
    ['server', shownRendezvous(options.rendezvous)],
    ['pushes', options.pushes ? 'on' : 'off'],
    ['for programs', dataSocket ?? 'not yet'],
    ['agent', `process ${pid}`],
  ]
  const parts = [table(rows)]
  if (channel !== null) {
    const { groups, plain } = split(channel)
    if (plain.length > 0) parts.push(table(plain.map(([name, value]) => [words(name), shown(value)])))
    for (const [name, group] of groups) parts.push(`${words(name)}\n${groupShown(group)}`)
  }
  return parts.join('\n\n')
}

type Row = readonly string[]
type Value = Exclude<Figures[string], Figures>

function split(figures: Figures): { groups: [string, Figures][]; plain: [string, Value][] } {
  const groups: [string, Figures][] = []
  const plain: [string, Value][] = []
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value === 'object' && value !== null) groups.push([name, value])
    else plain.push([name, value])
  }
  return { groups, plain }
}

/** A group of groups is a table with a column per figure; what has not happened is left out. */
function groupShown(group: Figures): string {
  const { groups, plain } = split(group)
  const rows: Row[] = plain.map(([name, value]) => [words(name), shown(value)])
  const happened = groups.filter(([, figures]) =>
    Object.values(figures).some((value) => value !== 0 && value !== null),
  )
  if (happened.length > 0) {
    const columns = [...new Set(happened.flatMap(([, figures]) => Object.keys(figures)))]
    rows.push(['', ...columns.map(words)])
    for (const [name, figures] of happened) {
      rows.push([words(name), ...columns.map((column) => shown((figures[column] ?? null) as Value))])
    }
  }
  return rows.length === 0 ? '  nothing yet' : table(rows, '  ')
}

function table(rows: readonly Row[], indent = ''): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  )
  const isNumbers = (at: number) => at > 0 && rows.some((row) => row.length > 2)
  return rows
    .map((row) =>
      row.map((cell, at) => (isNumbers(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))),
    )
    .map((cells) => `${indent}${cells.join('  ')}`.trimEnd())
    .join('\n')
}

function shown(value: Value): string {
  if (value === null) return '-'
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(2)
  return String(value)
}

/** bytesRead -> bytes read */
function words(name: string): string {
  return name.replace(
    /([a-z0-9])([A-Z])/g,
    (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`,
  )
}
