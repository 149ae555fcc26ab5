/** The middle one, the upper of two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Each field's median over the rounds. */
export function medians<T extends { readonly [field in keyof T]: number }>(
  rounds: readonly T[],
  fields: readonly (keyof T)[],
): T {
  return Object.fromEntries(fields.map((field) => [field, median(rounds.map((round) => round[field]))])) as T
}
