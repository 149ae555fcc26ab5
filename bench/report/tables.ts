/** The tables that `npm run bench` prints and docs/performance.md has. */
import { type Field, figure, type Results, ratio } from '../results.ts'
import type { Group, Workload } from '../workload.ts'
import { floors, goals, ours, peer, percents, shareOfFloor, spread, times } from './goals.ts'
import { markdownTable } from './markdown.ts'

export interface Table {
  readonly group: Group | 'floor'
  readonly title: string
  readonly text: string
}

interface Column {
  readonly head: string
  readonly of: (results: Results, work: Workload) => string | number
}

const none = '-'

const plain = (head: string, server: string, field: Field, digits = 0): Column => ({
  head,
  of: (results, { id }) => {
    const value = figure(results[id], server, field)
    return value === undefined ? none : Number(value.toFixed(digits))
  },
})
const calls = (server: string) => plain(`${server}, calls/s`, server, 'callsPerSecond')
const speedRatio: Column = {
  head: 'ratio (rounds)',
  of: (results, { id }) => {
    const value = ratio(results[id], ours, peer, 'callsPerSecond')
    return value === undefined ? none : spread(value)
  },
}
const goal: Column = {
  head: 'goal',
  of: (_, work) => (work.goal === undefined ? none : `${work.goal}×`),
}
const depth: Column = { head: 'depth', of: (_, work) => work.depth }
const lower = (head: string, field: Field): Column => ({
  head,
  of: (results, { id }) => {
    const value = ratio(results[id], ours, peer, field)
    return value === undefined ? none : times(value.median)
  },
})
const cpu: readonly Column[] = [
  plain(`${ours}, CPU us/call`, ours, 'cpuUsPerCall', 1),
  plain(`${peer}, CPU us/call`, peer, 'cpuUsPerCall', 1),
  lower('CPU ratio', 'cpuUsPerCall'),
]
const p50: readonly Column[] = [
  plain(`${ours}, p50 us`, ours, 'p50Us', 1),
  plain(`${peer}, p50 us`, peer, 'p50Us', 1),
]
const throughput: readonly Column[] = [calls(ours), calls(peer), speedRatio]
const tails: readonly Column[] = (['p99Us', 'p999Us'] as const).flatMap((field) =>
  [ours, peer].map((server) =>
    plain(`${server}, ${field === 'p99Us' ? 'p99' : 'p99.9'} us`, server, field, 0),
  ),
)
const share = (floor: string): Column => ({
  head: `${ours} / ${floor}`,
  of: (results, work) => {
    const value = shareOfFloor(results, work, floor)
    return value === undefined ? none : percents(value)
  },
})
const floorColumns: readonly Column[] = [
  depth,
  ...[...floors, ours].map(calls),
  ...floors.map(share),
  ...[...floors, ours].map((server) => plain(`${server}, p50 us`, server, 'p50Us', 1)),
]

const layouts: readonly { group: Group | 'floor'; title: string; columns: readonly Column[] }[] = [
  {
    group: 'pipelined',
    title: 'Many calls outstanding on one connection:',
    columns: [depth, ...throughput, goal, ...p50, ...cpu],
  },
  {
    group: 'one at a time',
    title: 'One call at a time, what a program feels that opens one file after another:',
    columns: [...p50, lower('p50 ratio', 'p50Us'), ...tails, ...cpu],
  },
  {
    group: 'large',
    title: 'Large reads and writes, sequential, on one connection:',
    columns: [depth, ...throughput, goal, ...p50, ...cpu],
  },
  {
    group: 'connections',
    title: 'Four connections, 16 calls outstanding on each; one worker:',
    columns: [...throughput, ...p50, ...cpu],
  },
  {
    group: 'disk',
    title: 'On disk, synchronous as by default:',
    columns: [depth, ...throughput, ...p50, ...cpu],
  },
  { group: 'floor', title: 'Next to the floor:', columns: floorColumns },
]

/** A table per group that anything was measured of. */
export function tables(results: Results, workloads: readonly Workload[]): readonly Table[] {
  return layouts.flatMap(({ group, title, columns }) => {
    const rows = workloads.filter(
      (work) =>
        results[work.id] !== undefined &&
        (group === 'floor'
          ? floors.some((floor) => shareOfFloor(results, work, floor) !== undefined)
          : work.group === group),
    )
    if (rows.length === 0) return []
    const heads = ['operation', ...columns.map(({ head }) => head)]
    const cells = rows.map((work) => [work.title, ...columns.map(({ of }) => of(results, work))])
    const rule = ['---', ...columns.map(() => '---:')]
    return [{ group, title, text: markdownTable(heads, cells, rule) }]
  })
}

export function goalsTable(results: Results, workloads: readonly Workload[]): string {
  return markdownTable(
    ['goal, next to NFS-Ganesha', 'wanted', 'reached: median (rounds)', ''],
    goals(results, workloads).map(({ what, wanted, reached, isMet }) => [
      what,
      wanted,
      reached,
      isMet ? 'met' : '**not met**',
    ]),
  )
}

/** What most people ask first: the rows that have a goal. */
export function speedTable(results: Results, workloads: readonly Workload[]): string {
  const rows = workloads.flatMap(({ id, title, depth: outstanding, goal: wanted }) => {
    const [speed, time] = (['callsPerSecond', 'cpuUsPerCall'] as const).map((field) =>
      ratio(results[id], ours, peer, field),
    )
    if (wanted === undefined || speed === undefined || time === undefined) return []
    const single = workloads.find((work) => work.group === 'one at a time' && work.title === title)
    const latency = single && ratio(results[single.id], ours, peer, 'p50Us')
    return [
      [title, outstanding, times(speed.median), times(time.median), latency ? times(latency.median) : none],
    ]
  })
  const heads = [
    'next to NFS-Ganesha',
    'calls outstanding',
    'calls per second',
    'CPU per call',
    'latency of one call at a time',
  ]
  return markdownTable(heads, rows, ['---', '---:', '---:', '---:', '---:'])
}
