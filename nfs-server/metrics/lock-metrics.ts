import { Counter, Gauge, type Registry } from 'prom-client'

/** What the lock manager keeps for clients. */
export interface LockFigures {
  readonly clients: number
  readonly locks: number
  readonly waiters: number
  /** Since the server was started. */
  readonly reclaimed: number
}

const gauges = [
  ['fsva_lock_clients', 'Clients that hold or wait for locks', 'clients'],
  ['fsva_locks', 'Ranges of files that clients have locked', 'locks'],
  ['fsva_lock_waiters', 'Requests for locks that wait', 'waiters'],
] as const

export function registerLocks(figures: () => LockFigures, registry: Registry): void {
  for (const [name, help, field] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(figures()[field])
      },
    })
  }
  new Counter({
    name: 'fsva_locks_reclaimed_total',
    help: 'Locks taken back after a restart by clients that had them',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(figures().reclaimed)
    },
  })
}
