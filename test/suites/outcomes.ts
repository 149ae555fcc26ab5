/** What the suites said: one outcome per check, by its name. */

/** By `SUITE/CASE/CHECK`: `ok`, or `got X want Y`. */
export type Outcomes = ReadonlyMap<string, string>

export interface Difference {
  readonly check: string
  readonly local: string
  readonly mounted: string
}

/** The outcome of a check that a run did not reach. */
export const notReached = 'not reached'

/** Reads a run's lines; one that is none of its, or a name that comes twice, is an error. */
export function parseOutcomes(output: string): Outcomes {
  const outcomes = new Map<string, string>()
  for (const line of output.split('\n').filter((line) => line !== '')) {
    const [, not, name, text] = /^(not )?ok ([a-z]+\/[a-z0-9-]+\/[^ :]+)(?:: (got .*))?$/.exec(line) ?? []
    if (name === undefined || (not === undefined) !== (text === undefined))
      throw new Error(`not a line of the suites: ${line}`)
    if (outcomes.has(name)) throw new Error(`two checks are named ${name}`)
    outcomes.set(name, text ?? 'ok')
  }
  return outcomes
}

/** The checks whose outcome is another on the mount, those included that only one of the runs reached. */
export function compareOutcomes(local: Outcomes, mounted: Outcomes): Difference[] {
  const differences: Difference[] = []
  for (const check of new Set([...local.keys(), ...mounted.keys()])) {
    const here = local.get(check) ?? notReached
    const there = mounted.get(check) ?? notReached
    if (here !== there) differences.push({ check, local: here, mounted: there })
  }
  return differences
}

/** How many checks held, by suite. */
export function countOutcomes(
  outcomes: Outcomes,
): Map<string, { readonly ok: number; readonly notOk: number }> {
  const counts = new Map<string, { ok: number; notOk: number }>()
  for (const [check, outcome] of outcomes) {
    const suite = check.split('/')[0]!
    const count = counts.get(suite) ?? { ok: 0, notOk: 0 }
    counts.set(suite, count)
    if (outcome === 'ok') count.ok++
    else count.notOk++
  }
  return counts
}
