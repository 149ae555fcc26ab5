import t from 'tap'
import { Metrics } from '../../../nfs-server/metrics/metrics.ts'
import type { RpcProgram } from '../../../nfs-server/rpc/program.ts'
import { decodeVoid, encodeVoid } from '../../../nfs-server/xdr/procedure.ts'

function program(number: number, name: string, version: number, procedures: string[]): RpcProgram {
  const rows = procedures.map((procedure, index) => ({
    procedure: {
      number: index,
      name: procedure,
      decodeArguments: decodeVoid,
      encodeArguments: encodeVoid,
      decodeResult: decodeVoid,
      encodeResult: encodeVoid,
    },
    handler: () => undefined,
    idempotent: true,
  }))
  return { number, name, versions: new Map([[version, rows]]) }
}

function metricsOfCalls(): Metrics {
  const metrics = new Metrics((name, status) =>
    name === 'nfs' && status === 70 ? 'NFS3ERR_STALE' : undefined,
  )
  metrics.calls.add(program(100003, 'nfs', 3, ['NFSPROC3_NULL', 'NFSPROC3_GETATTR']))
  metrics.calls.add(program(100005, 'mount', 3, ['MOUNTPROC3_NULL', 'MOUNTPROC3_MNT']))
  const observe = (
    programNumber: number,
    procedure: number,
    status: string,
    result: unknown,
    duration_us: number,
  ) => metrics.calls.observe({ program: programNumber, version: 3, procedure, status, result, duration_us })
  observe(100003, 1, 'SUCCESS', { status: 0 }, 60)
  observe(100003, 1, 'SUCCESS', { status: 0 }, 50)
  observe(100003, 1, 'SUCCESS', { status: 70 }, 31_000_000)
  observe(100003, 1, 'GARBAGE_ARGS', undefined, 10)
  observe(100003, 0, 'SUCCESS', undefined, 10)
  observe(100005, 1, 'SUCCESS', { fhs_status: 13 }, 10)
  observe(100227, 0, 'PROG_UNAVAIL', undefined, 10)
  observe(999, 7, 'PROG_UNAVAIL', undefined, 10)
  return metrics
}

t.test('summary: calls by procedure, most called first', async (t) => {
  const summary = metricsOfCalls().summary()
  t.same(summary, { GETATTR: 4, 'unknown.unknown': 2, NULL: 1, 'mount.MNT': 1 })
  t.same(Object.keys(summary).slice(0, 2), ['GETATTR', 'unknown.unknown'])
})

t.test("Prometheus' text format", async (t) => {
  const metrics = metricsOfCalls()
  metrics.setTransport(() => ({
    connections: 2,
    callsOutstanding: 3,
    memoryBytes: 4096,
    connectionsAccepted: 5,
    connectionsRefused: 1,
    bytesReceived: 100,
    bytesSent: 200,
  }))
  for (const round of ['first', 'second']) {
    const lines = (await metrics.text()).split('\n')
    const has = (line: string) => t.ok(lines.includes(line), `${round} time: ${line}`)
    has('fsva_calls_total{program="nfs",version="3",procedure="GETATTR",status="0"} 2')
    has('fsva_calls_total{program="nfs",version="3",procedure="GETATTR",status="NFS3ERR_STALE"} 1')
    has('fsva_calls_total{program="nfs",version="3",procedure="GETATTR",status="GARBAGE_ARGS"} 1')
    has('fsva_calls_total{program="mount",version="3",procedure="MNT",status="13"} 1')
    has('fsva_calls_total{program="unknown",version="0",procedure="unknown",status="PROG_UNAVAIL"} 2')
    const duration = 'fsva_call_duration_seconds'
    const labels = 'program="nfs",version="3",procedure="GETATTR"'
    has(`${duration}_bucket{${labels},le="0.00005"} 2`)
    has(`${duration}_bucket{${labels},le="0.0001"} 3`)
    has(`${duration}_bucket{${labels},le="30"} 3`)
    has(`${duration}_bucket{${labels},le="+Inf"} 4`)
    has(`${duration}_count{${labels}} 4`)
    has('fsva_connections 2')
    has('fsva_calls_outstanding 3')
    has('fsva_connections_accepted_total 5')
    has('fsva_sent_bytes_total 200')
  }
})
