/** One thing that must not grow, as it was found. */
export interface Point {
  readonly what: string
  /** What it must be; undefined: only for comparison. */
  readonly target: string | undefined
  readonly measured: string
  /** Undefined if there is no target. */
  readonly met: boolean | undefined
  /** Everything that was measured, with the unit in the name. */
  readonly figures: Readonly<Record<string, number>>
}

export interface GrowthOptions {
  /** A directory on tmpfs for what is served and what servers keep; each measurement leaves it empty. */
  readonly scratch: string
  /** Length of one run of load. */
  readonly seconds: number
  /** Only shows that it runs. */
  readonly isQuick: boolean
}

export interface Measurement {
  readonly name: string
  measure(options: GrowthOptions): Promise<readonly Point[]>
}

/** Of a quick run nothing is said: its figures are of something smaller. */
export const isReached = (met: boolean, isQuick: boolean): boolean | undefined => (isQuick ? undefined : met)

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
