import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { registerCallCounter, registerCallDurations, type StatusName } from './call-metrics.ts'
import { CallStatistics, type ProcedureFigures } from './call-statistics.ts'
import { type LockFigures, registerLocks } from './lock-metrics.ts'
import { type ReplyCacheFigures, registerReplyCache } from './reply-cache-metrics.ts'
import { registerSideChannel, type SideChannelMetrics } from './side-channel-metrics.ts'
import { sumOfCalls } from './sum-of-calls.ts'

/** What the transport knows, read when somebody asks for the metrics. */
export interface TransportFigures {
  readonly connections: number
  readonly callsOutstanding: number
  /** What connections, calls and replies hold, of limits.memory_bytes_max. */
  readonly memoryBytes: number
  readonly connectionsAccepted: number
  readonly connectionsRefused: number
  readonly bytesReceived: number
  readonly bytesSent: number
}

/** Calls per procedure as a plain object, most called first. */
export type CallSummary = Readonly<Record<string, number>>

/** What other threads of the server have counted. */
export interface ThreadFigures {
  readonly transport: TransportFigures
  readonly procedures: readonly ProcedureFigures[]
}

/** Everything measured about one server; prom-client formats it. */
export class Metrics {
  /** Those that this thread answers. */
  readonly calls = new CallStatistics()
  readonly #registry = new Registry()
  #askElsewhere: () => Promise<readonly ThreadFigures[]> = async () => []
  /** As they were when they were last asked for. */
  #elsewhere: readonly ThreadFigures[] = []
  #transport: () => TransportFigures = () => noTransport

  constructor(statusName: StatusName) {
    const calls = () => this.#callsEverywhere()
    registerCallCounter(calls, statusName, this.#registry)
    registerCallDurations(calls, this.#registry)
    this.#transportGauge('fsva_calls_outstanding', 'Calls not answered yet', 'callsOutstanding')
    this.#transportGauge('fsva_memory_bytes', 'Held by connections, calls and replies', 'memoryBytes')
    this.#transportGauge('fsva_connections', 'Connections open now', 'connections')
    this.#transportCounter('fsva_connections_accepted_total', 'Connections accepted', 'connectionsAccepted')
    this.#transportCounter(
      'fsva_connections_refused_total',
      'Connections over the limit',
      'connectionsRefused',
    )
    this.#transportCounter('fsva_received_bytes_total', 'Bytes received over TCP', 'bytesReceived')
    this.#transportCounter('fsva_sent_bytes_total', 'Bytes sent over TCP', 'bytesSent')
  }

  /** Adds Node's own figures (event loop delay, heap); they keep timers running, so only where they are read. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  setTransport(figures: () => TransportFigures): void {
    this.#transport = figures
  }

  /** Once. */
  setReplyCache(figures: () => ReplyCacheFigures): void {
    registerReplyCache(figures, this.#registry)
  }

  /** Once. */
  setLocks(figures: () => LockFigures): void {
    registerLocks(figures, this.#registry)
  }

  /** Once. */
  setSideChannel(figures: () => SideChannelMetrics): void {
    registerSideChannel(figures, this.#registry)
  }

  /** Once. How the figures of the server's other threads are asked for. */
  setElsewhere(ask: () => Promise<readonly ThreadFigures[]>): void {
    this.#askElsewhere = ask
    const connections = () => [this.#transport(), ...this.#elsewhere.map(({ transport }) => transport)]
    new Gauge({
      name: 'fsva_worker_connections',
      help: 'Connections open now, by the worker that serves them',
      labelNames: ['worker'],
      registers: [this.#registry],
      collect() {
        for (const [worker, { connections: count }] of connections().entries()) this.set({ worker }, count)
      },
    })
  }

  /** Asks the server's other threads for theirs: `transport` and `summary` have them as of then. `text` does so itself. */
  async refresh(): Promise<void> {
    this.#elsewhere = await this.#askElsewhere()
  }

  #callsEverywhere(): ProcedureFigures[] {
    return sumOfCalls([...this.calls.procedures, ...this.#elsewhere.flatMap((thread) => thread.procedures)])
  }

  get transport(): TransportFigures {
    return this.#elsewhere.reduce((sum, thread) => sumOfTransports(sum, thread.transport), this.#transport())
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Prometheus' text format. */
  async text(): Promise<string> {
    await this.refresh()
    return this.#registry.metrics()
  }

  /** Calls answered, by procedure name; those of MOUNT and rpcbind carry their program's name. */
  summary(): CallSummary {
    const entries = new Map<string, number>()
    for (const procedure of this.#callsEverywhere()) {
      const calls = procedure.calls
      if (calls === 0) continue
      const name =
        procedure.program === 'nfs' ? procedure.procedure : `${procedure.program}.${procedure.procedure}`
      entries.set(name, (entries.get(name) ?? 0) + calls)
    }
    return Object.fromEntries([...entries].sort((a, b) => b[1] - a[1]))
  }

  #transportGauge(name: string, help: string, field: keyof TransportFigures): void {
    const figures = () => this.transport
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(figures()[field])
      },
    })
  }

  #transportCounter(name: string, help: string, field: keyof TransportFigures): void {
    const figures = () => this.transport
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc(figures()[field])
      },
    })
  }
}

function sumOfTransports(a: TransportFigures, b: TransportFigures): TransportFigures {
  return {
    connections: a.connections + b.connections,
    callsOutstanding: a.callsOutstanding + b.callsOutstanding,
    memoryBytes: a.memoryBytes + b.memoryBytes,
    connectionsAccepted: a.connectionsAccepted + b.connectionsAccepted,
    connectionsRefused: a.connectionsRefused + b.connectionsRefused,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    bytesSent: a.bytesSent + b.bytesSent,
  }
}

export const noTransport: TransportFigures = {
  connections: 0,
  callsOutstanding: 0,
  memoryBytes: 0,
  connectionsAccepted: 0,
  connectionsRefused: 0,
  bytesReceived: 0,
  bytesSent: 0,
}
