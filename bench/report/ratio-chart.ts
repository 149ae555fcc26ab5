import { type Results, ratio } from '../results.ts'
import type { Workload } from '../workload.ts'
import { ours, peer, times } from './goals.ts'
import { colors, element, label, logAxis, picture } from './svg.ts'

const width = 860
const left = 210
const right = 790
const top = 66
const rowHeight = 24

/** Calls per second as multiples of the peer's: a bar per row, its spread over the rounds, and the goal. */
export function ratioChart(results: Results, workloads: readonly Workload[]): string {
  const rows = workloads.flatMap((work) => {
    const isPipelined = work.depth > 1 && work.place === 'memory'
    const reached = isPipelined ? ratio(results[work.id], ours, peer, 'callsPerSecond') : undefined
    return reached === undefined ? [] : [{ work, reached }]
  })
  const bottom = top + rows.length * rowHeight
  const least = Math.min(0.5, ...rows.map(({ reached }) => reached.min * 0.9))
  const most = Math.max(10, ...rows.map(({ reached }) => reached.max * 1.1))
  const { at, grid } = logAxis(least, most, left, right)
  const bars = rows.flatMap(({ work, reached }, row) => {
    const y = top + row * rowHeight
    const middle = y + rowHeight / 2
    const isMissed = work.goal !== undefined && reached.median < work.goal
    const [from, to] = [Math.min(at(1), at(reached.median)), Math.max(at(1), at(reached.median))]
    return [
      label(left - 10, middle + 4, nameOf(work), { 'text-anchor': 'end' }),
      element('rect', {
        x: from,
        y: y + 5,
        width: to - from,
        height: rowHeight - 10,
        rx: 2,
        fill: isMissed ? colors.missed : colors.ours,
        'fill-opacity': work.goal === undefined ? '0.55' : '1',
      }),
      element('line', {
        x1: at(reached.min),
        x2: at(reached.max),
        y1: middle,
        y2: middle,
        stroke: colors.text,
        'stroke-width': '1.5',
      }),
      label(Math.max(at(1), at(reached.max), goalAt(at, work)) + 8, middle + 4, times(reached.median), {
        'font-weight': 600,
      }),
      ...(work.goal === undefined ? [] : [goalMark(at(work.goal), y)]),
    ]
  })
  return picture(width, bottom + 34, 'Calls per second, as multiples of NFS-Ganesha', [
    ...legend(),
    ...grid([0.1, 0.2, 0.5, 1, 2, 3, 4, 6, 8, 10, 20], top, bottom, '×'),
    element('line', { x1: at(1), x2: at(1), y1: top, y2: bottom, stroke: colors.faint }),
    ...bars,
  ])
}

const goalAt = (at: (value: number) => number, { goal }: Workload) => (goal === undefined ? 0 : at(goal) + 4)

function goalMark(x: number, y: number): string {
  const [above, below] = [y + 2, y + rowHeight - 2]
  return element('line', { x1: x, x2: x, y1: above, y2: below, stroke: colors.text, 'stroke-width': 3 })
}

function nameOf({ title, depth, connections }: Workload): string {
  return `${title}, ${connections === 1 ? '' : `${connections} × `}${depth}`
}

function legend(): string[] {
  const swatch = (x: number, fill: string, opacity: string) =>
    element('rect', { x, y: 40, width: 14, height: 12, rx: 2, fill, 'fill-opacity': opacity })
  const small = { fill: colors.faint }
  return [
    swatch(16, colors.ours, '1'),
    label(36, 50, 'goal met', small),
    swatch(104, colors.missed, '1'),
    label(124, 50, 'goal missed', small),
    swatch(212, colors.ours, '0.55'),
    label(232, 50, 'no goal', small),
    element('line', { x1: 300, x2: 300, y1: 38, y2: 54, stroke: colors.text, 'stroke-width': 3 }),
    label(308, 50, 'goal', small),
    element('line', { x1: 352, x2: 376, y1: 46, y2: 46, stroke: colors.text, 'stroke-width': '1.5' }),
    label(384, 50, 'least and most of the rounds', small),
    label(right, 50, 'operation, calls outstanding', { 'text-anchor': 'end', ...small }),
  ]
}
