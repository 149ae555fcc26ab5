import { Counter, type Metric, type Registry } from 'prom-client'
import { durationBucketsSeconds, type ProcedureFigures } from './call-statistics.ts'

/** Name of a status of a program, such as NFS3ERR_STALE; undefined if it has none. */
export type StatusName = (program: string, status: number) => string | undefined

/** What has been counted, read when somebody asks for it. */
export type CallFigures = () => readonly ProcedureFigures[]

/** fsva_calls_total: calls per program, version, procedure and status. */
export function registerCallCounter(calls: CallFigures, statusName: StatusName, registry: Registry): void {
  new Counter({
    name: 'fsva_calls_total',
    help: 'Calls answered',
    labelNames: ['program', 'version', 'procedure', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { program, version, procedure, callsByStatus } of calls()) {
        for (const [status, count] of callsByStatus) {
          const name =
            typeof status === 'string' ? status : (statusName(program, status) ?? status.toString())
          this.inc({ program, version, procedure, status: name }, count)
        }
      }
    },
  })
}

/**
 * fsva_call_duration_seconds: a histogram whose buckets are counted by CallStatistics; prom-client's own
 * would look its labels up on every call.
 */
export function registerCallDurations(calls: CallFigures, registry: Registry): void {
  const name = 'fsva_call_duration_seconds'
  const help = 'Time from the decoded call to its result'
  const type = 'histogram'
  const get = async () => {
    const called = calls().filter((entry) => entry.calls > 0)
    return { name, help, type, values: called.flatMap((entry) => histogramValues(name, entry)) }
  }
  // Registry formats whatever has name, help, type and get(); its types only know prom-client's own classes.
  registry.registerMetric({ name, help, type, get } as unknown as Metric)
}

function histogramValues(name: string, entry: ProcedureFigures) {
  const labels = { program: entry.program, version: entry.version, procedure: entry.procedure }
  let count = 0
  const buckets = [...entry.callsByDuration].map((calls, index) => {
    count += calls
    const le = durationBucketsSeconds[index] ?? '+Inf'
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: entry.durationSecondsSum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
