import t from 'tap'
import { ProcedureStatistics } from '../../../nfs-server/metrics/call-statistics.ts'
import { Metrics } from '../../../nfs-server/metrics/metrics.ts'
import { sumOfCalls } from '../../../nfs-server/metrics/sum-of-calls.ts'

function counted(name: string, calls: readonly (readonly [number | string, number])[]) {
  const statistics = new ProcedureStatistics('nfs', 3, name)
  for (const [status, seconds] of calls) statistics.record(status, seconds)
  // As it arrives from another thread.
  return structuredClone(statistics.figures())
}

t.test('the figures of several threads', async (t) => {
  const sum = sumOfCalls([
    counted('NFSPROC3_READ', [
      [0, 0.001],
      [70, 0.001],
    ]),
    counted('NFSPROC3_WRITE', [[0, 2]]),
    counted('NFSPROC3_READ', [
      [0, 0.5],
      ['SYSTEM_ERR', 60],
      [70, 60],
    ]),
  ])
  t.same(
    sum.map(({ procedure, calls }) => [procedure, calls]),
    [
      ['READ', 5],
      ['WRITE', 1],
    ],
  )
  const [read] = sum
  t.same(
    [...read!.callsByStatus],
    [
      [0, 2],
      [70, 2],
      ['SYSTEM_ERR', 1],
    ],
  )
  t.ok(Math.abs(read!.durationSecondsSum - 120.502) < 1e-9)
  t.equal(
    read!.callsByDuration.reduce((a, b) => a + b),
    5,
  )
  t.equal(read!.callsByDuration.at(-1), 2)
})

t.test('metrics ask for them', async (t) => {
  const metrics = new Metrics(() => undefined)
  const transport = (connections: number) => ({
    connections,
    callsOutstanding: 1,
    memoryBytes: 10,
    connectionsAccepted: 100,
    connectionsRefused: 1000,
    bytesReceived: 10_000,
    bytesSent: 100_000,
  })
  metrics.setTransport(() => transport(1))
  metrics.setElsewhere(async () =>
    [2, 3].map((connections) => ({
      transport: transport(connections),
      procedures: [counted('NFSPROC3_READ', [[0, 1]])],
    })),
  )
  t.same(metrics.summary(), {})
  const text = await metrics.text()
  t.match(text, /^fsva_connections 6$/m)
  t.match(text, /^fsva_worker_connections\{worker="0"\} 1$/m)
  t.match(text, /^fsva_worker_connections\{worker="2"\} 3$/m)
  t.match(text, /^fsva_sent_bytes_total 300000$/m)
  t.match(text, /^fsva_calls_total\{program="nfs",version="3",procedure="READ",status="0"\} 2$/m)
  t.same(metrics.summary(), { READ: 2 })
  await metrics.refresh()
  t.same(metrics.summary(), { READ: 2 }, 'counted once, however often it is asked')
  t.same(metrics.transport, {
    connections: 6,
    callsOutstanding: 3,
    memoryBytes: 30,
    connectionsAccepted: 300,
    connectionsRefused: 3000,
    bytesReceived: 30_000,
    bytesSent: 300_000,
  })
})
