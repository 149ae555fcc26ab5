/** What was measured, as docs/performance/macro-*.json keep it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../median.ts'
import { resultsDirectory } from '../results.ts'
import type { TargetName } from './machines.ts'
import type { Measurement } from './measure.ts'

export const machineKinds = ['user-mode', 'user-vm'] as const
export type MachineKind = (typeof machineKinds)[number]

export interface MacroFigures {
  readonly description: string
  readonly remark: string
  /** The client's. */
  readonly kernel: string
  /** By the workload's name. */
  readonly rows: Readonly<Record<string, Row>>
}

export interface Row {
  /** ISO day. */
  readonly day: string
  /** In each round the file systems took turns. */
  readonly rounds: readonly Round[]
}

export type Round = Readonly<Partial<Record<TargetName, Measurement>>>

export function readFigures(kind: MachineKind): MacroFigures | undefined {
  return existsSync(path(kind)) ? JSON.parse(readFileSync(path(kind), 'utf8')) : undefined
}

/** Rows that were measured anew take the place of the kept ones; rows of workloads that are no more go. */
export function keepFigures(kind: MachineKind, taken: MacroFigures, workloads: readonly string[]): void {
  const all = { ...readFigures(kind)?.rows, ...taken.rows }
  const rows = workloads.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]]))
  writeFileSync(path(kind), `${JSON.stringify({ ...taken, rows: Object.fromEntries(rows) })}\n`)
  // Short objects stay on one line.
  execFileSync('biome', ['format', '--write', path(kind)])
}

/** Seconds in the order of the rounds; none if it was not measured. */
export function secondsOn({ rounds }: Row, target: TargetName): number[] {
  return rounds.flatMap((round) => round[target]?.seconds ?? [])
}

/** The median of what one file system took by what another one took in the same round. */
export function ratioOf({ rounds }: Row, one: TargetName, other: TargetName): number | undefined {
  const ratios = rounds.flatMap((round) => {
    const [of, by] = [round[one]?.seconds, round[other]?.seconds]
    return of === undefined || by === undefined || by === 0 ? [] : [of / by]
  })
  return ratios.length === 0 ? undefined : median(ratios)
}

function path(kind: MachineKind): string {
  return join(resultsDirectory, `macro-${kind}.json`)
}
