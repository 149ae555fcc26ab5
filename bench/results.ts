/** What was measured, as docs/performance/ganesha.json keeps it, and what is said of it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Measurement } from './measure.ts'
import { median } from './median.ts'
import type { Workload } from './workload.ts'

export const resultsDirectory = join(import.meta.dirname, '..', 'docs', 'performance')
const resultsPath = join(resultsDirectory, 'ganesha.json')

/** One row's rounds. In each round all servers were measured, one after the other. */
export interface Taken {
  /** ISO day. */
  readonly day: string
  /** Kernel, processors, file system, the peer's version. */
  readonly on: string
  /** Of one measurement. */
  readonly seconds: number
  readonly rounds: readonly { readonly [server: string]: Measurement }[]
}

/** By the workload's id. */
export type Results = { readonly [id: string]: Taken }

export function readResults(): Results {
  return existsSync(resultsPath) ? JSON.parse(readFileSync(resultsPath, 'utf8')) : {}
}

/** Rows that were measured anew take the place of the kept ones; rows of workloads that are no more go. */
export function keepResults(taken: Results, workloads: readonly Workload[]): void {
  const all = { ...readResults(), ...taken }
  const kept = workloads.flatMap(({ id }) => (all[id] === undefined ? [] : [[id, all[id]]]))
  mkdirSync(resultsDirectory, { recursive: true })
  writeFileSync(resultsPath, `${JSON.stringify(Object.fromEntries(kept))}\n`)
  // Short objects stay on one line.
  execFileSync('biome', ['format', '--write', resultsPath])
}

export type Field = keyof Measurement

/** The median over the rounds; undefined if the server was not measured. */
export function figure(taken: Taken | undefined, server: string, field: Field): number | undefined {
  const values = (taken?.rounds ?? []).flatMap((round) => round[server]?.[field] ?? [])
  return values.length === 0 ? undefined : median(values)
}

export interface Ratio {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One server's figure by another's, per round: what the machine did besides concerns both of a round. */
export function ratio(taken: Taken | undefined, one: string, other: string, field: Field): Ratio | undefined {
  const ratios = (taken?.rounds ?? []).flatMap((round) => {
    const [of, by] = [round[one]?.[field], round[other]?.[field]]
    return of === undefined || by === undefined || by === 0 ? [] : [of / by]
  })
  if (ratios.length === 0) return undefined
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) }
}
