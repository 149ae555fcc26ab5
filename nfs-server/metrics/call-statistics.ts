import type { CallObservation, RpcProgram } from '../rpc/program.ts'

/** Upper bounds of the duration histogram's buckets, in seconds; the last bucket has none. */
export const durationBucketsSeconds = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30,
] as const

/** A status of the program (nfsstat3, mountstat3) as a number, or one of RPC by its name. */
export type CallStatus = number | string

/** What was counted of one procedure. */
export interface ProcedureFigures {
  readonly program: string
  readonly version: number
  /** The procedure's name without its program's prefix: GETATTR, MNT, GETPORT. */
  readonly procedure: string
  readonly calls: number
  readonly callsByStatus: ReadonlyMap<CallStatus, number>
  /** By the upper bounds above. */
  readonly callsByDuration: Float64Array
  readonly durationSecondsSum: number
}

/** Counters of one procedure. Plain numbers: a call in the hot path must cost no more than a few additions. */
export class ProcedureStatistics implements ProcedureFigures {
  readonly program: string
  readonly version: number
  readonly procedure: string
  /** Calls with status 0, nearly all of them. */
  #callsOk = 0
  readonly #callsByFailure = new Map<CallStatus, number>()
  readonly callsByDuration = new Float64Array(durationBucketsSeconds.length + 1)
  durationSecondsSum = 0

  constructor(program: string, version: number, name: string) {
    this.program = program
    this.version = version
    this.procedure = name.replace(/^[A-Z]+PROC[0-9]*_/, '')
  }

  get callsByStatus(): ReadonlyMap<CallStatus, number> {
    const ok: [CallStatus, number][] = this.#callsOk > 0 ? [[0, this.#callsOk]] : []
    return new Map([...ok, ...this.#callsByFailure])
  }

  get calls(): number {
    let calls = this.#callsOk
    for (const count of this.#callsByFailure.values()) calls += count
    return calls
  }

  /** As they are now, in a form that can be sent to another thread. */
  figures(): ProcedureFigures {
    const { program, version, procedure, calls, callsByStatus, callsByDuration, durationSecondsSum } = this
    return { program, version, procedure, calls, callsByStatus, callsByDuration, durationSecondsSum }
  }

  record(status: CallStatus, durationSeconds: number): void {
    if (status === 0) this.#callsOk++
    else this.#callsByFailure.set(status, (this.#callsByFailure.get(status) ?? 0) + 1)
    this.durationSecondsSum += durationSeconds
    let bucket = 0
    while (bucket < durationBucketsSeconds.length && durationSeconds > durationBucketsSeconds[bucket]!)
      bucket++
    this.callsByDuration[bucket]! += 1
  }
}

/** Counts and times the calls of the programs it knows; all other calls share one entry named unknown. */
export class CallStatistics {
  readonly procedures: ProcedureStatistics[] = []
  readonly #programs = new Map<number, Map<number, readonly (ProcedureStatistics | undefined)[]>>()
  readonly #unknown = new ProcedureStatistics('unknown', 0, 'unknown')

  /** The table of the last call's program: the next one's is most often the same. */
  #lastTable: readonly (ProcedureStatistics | undefined)[] = []
  #lastProgram = -1
  #lastVersion = -1

  constructor() {
    this.procedures.push(this.#unknown)
  }

  add(program: RpcProgram): void {
    const versions = new Map<number, readonly (ProcedureStatistics | undefined)[]>()
    for (const [version, rows] of program.versions) {
      const statistics = rows.map((row) =>
        row === undefined ? undefined : new ProcedureStatistics(program.name, version, row.procedure.name),
      )
      for (const entry of statistics) if (entry !== undefined) this.procedures.push(entry)
      versions.set(version, statistics)
    }
    this.#programs.set(program.number, versions)
  }

  observe(call: CallObservation): void {
    if (call.program !== this.#lastProgram || call.version !== this.#lastVersion) {
      this.#lastTable = this.#programs.get(call.program)?.get(call.version) ?? []
      this.#lastProgram = call.program
      this.#lastVersion = call.version
    }
    const known = this.#lastTable[call.procedure]
    const status = call.status === 'SUCCESS' ? statusOf(call.result) : call.status
    const entry = known ?? this.#unknown
    entry.record(status, call.duration_us / 1e6)
  }
}

/** NFS results are unions on `status`, MOUNT's on `fhs_status`; results without a status count as 0. */
function statusOf(result: unknown): number {
  if (typeof result !== 'object' || result === null) return 0
  const { status, fhs_status } = result as { status?: unknown; fhs_status?: unknown }
  if (typeof status === 'number') return status
  return typeof fhs_status === 'number' ? fhs_status : 0
}
