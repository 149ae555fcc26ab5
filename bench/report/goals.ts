/** What fsva is to reach next to its peer, and what it reached. */
import { type Ratio, type Results, ratio } from '../results.ts'
import type { Workload } from '../workload.ts'

export interface Goal {
  readonly what: string
  readonly wanted: string
  /** With its spread over the rounds. */
  readonly reached: string
  readonly isMet: boolean
}

export const ours = 'fsva'
export const peer = 'ganesha'
/** The one that sleeps between calls, as servers do, and the one that polls for as long as fsva does. */
export const floors = ['floor', 'polling floor'] as const
/** Of what the floor does in a second. */
const floorShare = 0.6

/** The goals that the results say something of. */
export function goals(results: Results, workloads: readonly Workload[]): readonly Goal[] {
  return [
    ...workloads.flatMap((work) => speedGoal(results, work) ?? []),
    ...(everywhere(
      results,
      workloads.filter((work) => work.depth === 1 && work.place === 'memory'),
      'p50Us',
      'p50 at depth 1, every operation',
    ) ?? []),
    ...(everywhere(
      results,
      workloads.filter((work) => work.depth === 16 && work.place === 'memory' && work.connections === 1),
      'cpuUsPerCall',
      'CPU time per call at depth 16, every operation',
    ) ?? []),
    ...workloads.flatMap((work) => floorGoals(results, work)),
  ]
}

function speedGoal(results: Results, work: Workload): Goal | undefined {
  const reached = ratio(results[work.id], ours, peer, 'callsPerSecond')
  if (work.goal === undefined || reached === undefined) return undefined
  return {
    what: `${work.title}, depth ${work.depth}: calls per second`,
    wanted: `≥ ${work.goal}×`,
    reached: spread(reached),
    isMet: reached.median >= work.goal,
  }
}

/** Lower than the peer's on all of the rows: the worst of them says it. */
function everywhere(
  results: Results,
  works: readonly Workload[],
  field: 'p50Us' | 'cpuUsPerCall',
  what: string,
): readonly Goal[] | undefined {
  const rows = works.flatMap(({ id, title }) => {
    const reached = ratio(results[id], ours, peer, field)
    return reached === undefined ? [] : [{ title, reached }]
  })
  const worst = rows.toSorted((a, b) => b.reached.median - a.reached.median)[0]
  if (worst === undefined) return undefined
  const missed = rows.filter(({ reached }) => reached.median >= 1).map(({ title }) => title)
  const lower = rows.length - missed.length
  const not = missed.length === 0 ? '' : `; not on ${missed.join(', ')}`
  const reached = `lower on ${lower} of ${rows.length}, at worst ${spread(worst.reached)} (${worst.title})${not}`
  return [{ what, wanted: '< 1×', reached, isMet: missed.length === 0 }]
}

/** What fsva reaches of a floor's calls per second, round by round. */
export function shareOfFloor(results: Results, work: Workload, floor: string): Ratio | undefined {
  return ratio(results[work.id], ours, floor, 'callsPerSecond')
}

function floorGoals(results: Results, work: Workload): readonly Goal[] {
  if (work.depth !== 16) return []
  return floors.flatMap((floor) => {
    const share = shareOfFloor(results, work, floor)
    if (share === undefined) return []
    const what = `${work.title}, depth ${work.depth}: of the ${floor}'s calls per second`
    return [
      {
        what,
        wanted: `≥ ${percent(floorShare)}`,
        reached: percents(share),
        isMet: share.median >= floorShare,
      },
    ]
  })
}

export const times = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)}×`
export const spread = ({ median, min, max }: Ratio) =>
  min === max ? times(median) : `${times(median)} (${min.toFixed(2)} to ${max.toFixed(2)})`
const percent = (share: number) => `${(share * 100).toFixed(0)} %`
export const percents = ({ median, min, max }: Ratio) =>
  min === max
    ? percent(median)
    : `${percent(median)} (${(min * 100).toFixed(0)} to ${(max * 100).toFixed(0)})`
