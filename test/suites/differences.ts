/**
 * Where the mount behaves otherwise than the file system behind it, and why. The suites fail if the mount differs in a
 * check that no entry names, in another way than its entry says, or no longer in one that an entry names.
 */
import type { Difference, Outcomes } from './outcomes.ts'

/** What a run was made of; entries may depend on it. */
export interface Surroundings {
  /** As of `uname -r` of the client. */
  readonly clientKernel: string
  /** As /proc/mounts names the exported one. */
  readonly fileSystem: string
}

export interface ExplainedDifference {
  /** The checks, by name. */
  readonly checks: readonly string[]
  /** What the mount gives: the outcome, for all of them. */
  readonly mounted: string | RegExp
  /** The section of RFC 1813, or what the client does. */
  readonly why: string
  /** Where it is so; default: everywhere. */
  readonly on?: (surroundings: Surroundings) => boolean
}

export const explainedDifferences: readonly ExplainedDifference[] = []

/**
 * What is wrong with a run's differences, a line each: one that no entry explains, and an entry that explains nothing any
 * more although the mounted run reached its check.
 */
export function unexplained(
  differences: readonly Difference[],
  mounted: Outcomes,
  surroundings: Surroundings,
  entries: readonly ExplainedDifference[] = explainedDifferences,
): string[] {
  const valid = entries.filter((entry) => entry.on?.(surroundings) ?? true)
  const byCheck = new Map(valid.flatMap((entry) => entry.checks.map((check) => [check, entry] as const)))
  const wrong: string[] = []
  for (const { check, local, mounted } of differences) {
    const entry = byCheck.get(check)
    if (entry === undefined || !matches(entry.mounted, mounted))
      wrong.push(`${check}: local ${local}, mounted ${mounted}`)
  }
  const differing = new Set(differences.map(({ check }) => check))
  for (const check of byCheck.keys()) {
    if (mounted.has(check) && !differing.has(check)) wrong.push(`${check}: differs no longer`)
  }
  return wrong
}

function matches(expected: string | RegExp, outcome: string): boolean {
  return typeof expected === 'string' ? outcome === expected : expected.test(outcome)
}
