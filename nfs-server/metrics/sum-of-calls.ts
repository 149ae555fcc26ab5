import type { CallStatus, ProcedureFigures } from './call-statistics.ts'

/** The figures of several event loops, those of each procedure added up, in the order of their first appearance. */
export function sumOfCalls(figures: Iterable<ProcedureFigures>): ProcedureFigures[] {
  const sums = new Map<string, ProcedureFigures>()
  for (const entry of figures) {
    const key = `${entry.program} ${entry.version} ${entry.procedure}`
    const sum = sums.get(key)
    sums.set(key, sum === undefined ? entry : plus(sum, entry))
  }
  return [...sums.values()]
}

function plus(a: ProcedureFigures, b: ProcedureFigures): ProcedureFigures {
  const callsByStatus = new Map<CallStatus, number>(a.callsByStatus)
  for (const [status, calls] of b.callsByStatus) {
    callsByStatus.set(status, (callsByStatus.get(status) ?? 0) + calls)
  }
  return {
    program: a.program,
    version: a.version,
    procedure: a.procedure,
    calls: a.calls + b.calls,
    callsByStatus,
    callsByDuration: a.callsByDuration.map((calls, index) => calls + b.callsByDuration[index]!),
    durationSecondsSum: a.durationSecondsSum + b.durationSecondsSum,
  }
}
