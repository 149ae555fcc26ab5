import type { ProcedureRow, RpcProgram } from '../rpc/program.ts'

/** Upper bounds of the duration histogram's buckets, in seconds; the last bucket has none. */
export const durationBucketsSeconds = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30,
] as const

/** Status of a call that ended in an exception (SYSTEM_ERR to the client). */
export const statusException = -1

/** Counters of one procedure. Plain numbers: a call in the hot path must cost no more than a few additions. */
export class ProcedureStatistics {
  readonly program: string
  readonly version: number
  /** The procedure's name without its program's prefix: GETATTR, MNT, GETPORT. */
  readonly procedure: string
  /** Calls answered, by the status in their result; 0 also for results without one. */
  readonly callsByStatus = new Map<number, number>()
  readonly callsByDuration = new Float64Array(durationBucketsSeconds.length + 1)
  callsOutstanding = 0
  durationSecondsSum = 0

  constructor(program: string, version: number, name: string) {
    this.program = program
    this.version = version
    this.procedure = name.replace(/^[A-Z]+PROC[0-9]*_/, '')
  }

  get calls(): number {
    let calls = 0
    for (const count of this.callsByStatus.values()) calls += count
    return calls
  }

  record(status: number, durationSeconds: number): void {
    this.callsByStatus.set(status, (this.callsByStatus.get(status) ?? 0) + 1)
    this.durationSecondsSum += durationSeconds
    let bucket = 0
    while (bucket < durationBucketsSeconds.length && durationSeconds > durationBucketsSeconds[bucket]!)
      bucket++
    this.callsByDuration[bucket]! += 1
  }
}

/** Counts and times the calls of every program that `measure` was given. */
export class CallStatistics {
  readonly procedures: ProcedureStatistics[] = []

  /** The same program with every handler counted. */
  measure(program: RpcProgram): RpcProgram {
    const versions = new Map<number, readonly (AnyRow | undefined)[]>()
    for (const [version, rows] of program.versions) {
      versions.set(
        version,
        rows.map((row) => (row === undefined ? undefined : this.#measureRow(program.name, version, row))),
      )
    }
    return { ...program, versions }
  }

  get callsOutstanding(): number {
    return this.procedures.reduce((sum, procedure) => sum + procedure.callsOutstanding, 0)
  }

  #measureRow(program: string, version: number, row: AnyRow): AnyRow {
    const statistics = new ProcedureStatistics(program, version, row.procedure.name)
    this.procedures.push(statistics)
    const { handler } = row
    return {
      ...row,
      handler: (args, call) => {
        const begin = performance.now()
        let result: unknown
        try {
          result = handler(args, call)
        } catch (error) {
          statistics.record(statusException, (performance.now() - begin) / 1000)
          throw error
        }
        if (!(result instanceof Promise)) {
          statistics.record(statusOf(result), (performance.now() - begin) / 1000)
          return result
        }
        statistics.callsOutstanding++
        return settle(result, statistics, begin)
      },
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: rows of all procedures, as in RpcProgram
type AnyRow = ProcedureRow<any, any>

async function settle(result: Promise<unknown>, statistics: ProcedureStatistics, begin: number) {
  let status = statusException
  try {
    const value = await result
    status = statusOf(value)
    return value
  } finally {
    statistics.callsOutstanding--
    statistics.record(status, (performance.now() - begin) / 1000)
  }
}

/** NFS results are unions on `status`, MOUNT's on `fhs_status` (version 3) or `fhs_status` of version 1. */
function statusOf(result: unknown): number {
  if (typeof result !== 'object' || result === null) return 0
  const { status, fhs_status } = result as { status?: unknown; fhs_status?: unknown }
  if (typeof status === 'number') return status
  return typeof fhs_status === 'number' ? fhs_status : 0
}
