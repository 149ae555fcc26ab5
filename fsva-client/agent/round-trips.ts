/** The summary of one or more round trips in microseconds, as ping(8) ends with one. */
export function roundTrips(microseconds: readonly number[]): string {
  const sorted = microseconds.toSorted((a, b) => a - b)
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  const figures = [sorted[0]!, mean, sorted.at(-1)!, percentile(sorted, 50), percentile(sorted, 99)]
  const calls = sorted.length === 1 ? '1 call' : `${sorted.length} calls`
  return `${calls}; min/avg/max/p50/p99 = ${figures.map((value) => value.toFixed(2)).join('/')} us`
}

/** By nearest rank: the smallest value that `percent` of all do not exceed. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]!
}
