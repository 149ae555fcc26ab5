import { type Field, figure, type Results } from '../results.ts'
import type { Workload } from '../workload.ts'
import { ours, peer } from './goals.ts'
import { colors, element, label, logAxis, picture } from './svg.ts'

const width = 860
const left = 170
const right = 800
const top = 66
const rowHeight = 40
const bars = [
  { server: ours, color: colors.ours, down: 13 },
  { server: peer, color: colors.peer, down: 27 },
]

/** One call at a time: per operation and server the middle 80 % of the latencies, their median and their p99. */
export function latencyChart(results: Results, workloads: readonly Workload[]): string {
  const rows = workloads.filter((work) => work.group === 'one at a time' && results[work.id] !== undefined)
  const bottom = top + rows.length * rowHeight
  const every = rows.flatMap(({ id }) =>
    bars.flatMap(({ server }) =>
      (['p10Us', 'p99Us'] as const).flatMap((field) => figure(results[id], server, field) ?? []),
    ),
  )
  const { at, grid } = logAxis(Math.min(10, ...every) * 0.9, Math.max(100, ...every) * 1.1, left, right)
  const drawn = rows.flatMap((work, row) => {
    const y = top + row * rowHeight
    return [
      label(left - 10, y + rowHeight / 2 + 4, work.title, { 'text-anchor': 'end' }),
      element('line', { x1: left, x2: right, y1: y, y2: y, stroke: colors.grid }),
      ...bars.flatMap(({ server, color, down }) => {
        const x = (field: Field) => at(figure(results[work.id], server, field) ?? Number.NaN)
        return figure(results[work.id], server, 'p50Us') === undefined ? [] : range(x, y + down, color)
      }),
    ]
  })
  return picture(width, bottom + 34, 'Latency of one call at a time, in microseconds', [
    ...legend(),
    ...grid([10, 20, 50, 100, 200, 500, 1000, 2000, 5000], top, bottom, ''),
    ...drawn,
  ])
}

function range(x: (field: Field) => number, y: number, color: string): string[] {
  return [
    element('line', { x1: x('p90Us'), x2: x('p99Us'), y1: y, y2: y, stroke: color, 'stroke-width': '1.5' }),
    element('line', {
      x1: x('p99Us'),
      x2: x('p99Us'),
      y1: y - 4,
      y2: y + 4,
      stroke: color,
      'stroke-width': 2,
    }),
    element('rect', {
      x: x('p10Us'),
      y: y - 5,
      width: Math.max(2, x('p90Us') - x('p10Us')),
      height: 10,
      rx: 2,
      fill: color,
    }),
    element('line', {
      x1: x('p50Us'),
      x2: x('p50Us'),
      y1: y - 6,
      y2: y + 6,
      stroke: colors.text,
      'stroke-width': 2,
    }),
  ]
}

function legend(): string[] {
  const small = { fill: colors.faint }
  const swatch = (x: number, fill: string) =>
    element('rect', { x, y: 40, width: 14, height: 12, rx: 2, fill })
  return [
    swatch(16, colors.ours),
    label(36, 50, 'fsva', small),
    swatch(80, colors.peer),
    label(100, 50, 'NFS-Ganesha', small),
    label(right, 50, 'bar: p10 to p90, dark mark: p50, end of the line: p99', {
      'text-anchor': 'end',
      ...small,
    }),
  ]
}
