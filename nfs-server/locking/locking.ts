/** Locks of a server: the lock manager, the status monitor, and what of them outlives a restart. */
import type { Logger } from '../log.ts'
import type { LockFigures } from '../metrics/lock-metrics.ts'
import { GracePeriod } from '../programs/nlm/grace.ts'
import { defaultLockLimits, type LockLimits } from '../programs/nlm/limits.ts'
import { type LockClient, LockClients } from '../programs/nlm/lock-client.ts'
import { LockManager } from '../programs/nlm/lock-manager.ts'
import { createNlmProgram } from '../programs/nlm/program.ts'
import { ShareTable } from '../programs/nlm/share-table.ts'
import { createNsmProgram } from '../programs/nsm/program.ts'
import { RepeatLimit } from '../repeat-limit.ts'
import type { RpcProgram } from '../rpc/program.ts'
import type { Vfs } from '../vfs/vfs.ts'
import { ClientLockManagers } from './client-lock-manager.ts'
import { type MonitoredClient, MonitoredClients } from './monitored-clients.ts'
import { RestartNotices } from './restart-notices.ts'

/** How often clients without locks are forgotten: not at once, because most come back. */
const forgetIntervalMs = 60_000
/** Lines about lost locks, of all clients. */
const lostLogIntervalMs = 60_000
const lostLogBurst = 20
/** Timers are not exact: the grace period is over for sure by then. */
const graceMarginMs = 100

export interface LockingOptions {
  readonly vfs: Vfs
  readonly stateDirectory: string
  /** How long clients may take their locks back after a restart. */
  readonly graceSeconds: number
  readonly log: Logger
  readonly limits?: Partial<LockLimits> | undefined
  /** Where clients are asked for their ports instead of 111, for tests. */
  readonly clientPortmapperPort?: number | undefined
}

export class Locking {
  readonly nlm: RpcProgram
  readonly nsm: RpcProgram
  readonly #options: LockingOptions
  readonly #grace = new GracePeriod()
  readonly #repeats = new RepeatLimit(lostLogIntervalMs, lostLogBurst)
  readonly #clients: LockClients
  readonly #shares: ShareTable
  readonly #manager: LockManager
  readonly #monitored: MonitoredClients
  readonly #notices: RestartNotices
  readonly #forgetTimer: NodeJS.Timeout
  #graceTimer: NodeJS.Timeout | undefined
  #hadLocks: readonly MonitoredClient[] = []

  constructor(options: LockingOptions) {
    const { vfs, stateDirectory, log, limits, clientPortmapperPort } = options
    this.#options = options
    const bounds = { ...defaultLockLimits, ...limits }
    this.#monitored = new MonitoredClients(stateDirectory, bounds, log)
    this.#clients = new LockClients(bounds)
    this.#shares = new ShareTable(this.#clients)
    this.#notices = new RestartNotices({ log, portmapperPort: clientPortmapperPort })
    const callbacks = new ClientLockManagers(clientPortmapperPort)
    const [grace, clients, shares] = [this.#grace, this.#clients, this.#shares]
    this.#manager = new LockManager({
      vfs,
      grace,
      clients,
      callbacks,
      isMonitored: (client) => this.#monitored.has(client),
      monitor: (client, localAddress) => this.#monitor(client, localAddress),
      onLost: (client) => this.#lockLost(client),
    })
    this.nlm = createNlmProgram({ vfs, manager: this.#manager, clients, shares, grace, callbacks })
    this.nsm = createNsmProgram({
      state: () => this.#monitored.state,
      clientRestarted: (address, name) => this.#clientRestarted(address, name),
      simulateCrash: () => this.#simulateCrash(),
    })
    this.#forgetTimer = setInterval(() => this.#forgetIdle(), forgetIntervalMs).unref()
  }

  /** To be called before the first call can come. */
  begin(): void {
    this.#hadLocks = this.#monitored.begin()
    this.#beginGrace(this.#hadLocks)
  }

  /** To be called when clients can reach us: those that had locks are told to take them back. */
  announce(): void {
    void this.#tell(this.#hadLocks)
  }

  close(): void {
    clearInterval(this.#forgetTimer)
    clearTimeout(this.#graceTimer)
    this.#manager.close()
    this.#notices.close()
    this.#monitored.end((client) => this.#grace.isActive || this.#hasLocks(client))
  }

  /** For metrics. */
  figures(): LockFigures {
    const clients = this.#clients.all().filter((client) => !client.isIdle).length
    const { locks, waiters } = this.#clients
    return { clients, locks, waiters, reclaimed: this.#manager.reclaimed }
  }

  #monitor({ address, name }: LockClient, localAddress: string): Promise<boolean> {
    const client = { address, name, localAddress }
    if (!this.#monitored.hasRoomFor(client)) this.#forgetIdle()
    return this.#monitored.add(client)
  }

  #lockLost({ address, name }: LockClient): void {
    const suppressed = this.#repeats.admit('lost')
    if (suppressed === undefined) return
    const message = 'a client has lost a lock: when it wanted it back after a restart, somebody else had it'
    this.#options.log.warn({ client: address, name, suppressed }, message)
  }

  #beginGrace(clients: readonly MonitoredClient[]): void {
    const { graceSeconds, log } = this.#options
    this.#grace.begin(
      graceSeconds,
      clients.map((client) => client.address),
    )
    if (this.#grace.isActive) {
      const message = `${clients.length} clients had locks: for ${graceSeconds} s these can be taken back, new ones wait`
      log.info(message)
      clearTimeout(this.#graceTimer)
      this.#graceTimer = setTimeout(() => this.#forgetIdle(), graceSeconds * 1000 + graceMarginMs).unref()
    }
  }

  #tell(clients: readonly MonitoredClient[]): Promise<void> {
    return this.#notices.send(clients, this.#monitored.state, ({ address, name }) => {
      this.#options.log.info({ client: address, name }, 'a client knows of the restart')
    })
  }

  #hasLocks({ address, name }: Pick<MonitoredClient, 'address' | 'name'>): boolean {
    return this.#clients.at(address).some((client) => client.name === name && !client.isIdle)
  }

  /** In the grace period nobody has reclaimed everything for sure. */
  #forgetIdle(): void {
    if (this.#grace.isActive) return
    this.#monitored.forget((client) => !this.#hasLocks(client))
  }

  /** One machine may have several names, as seen by us; if the name is none of those, there must be no doubt. */
  async #clientRestarted(address: string, name: string): Promise<void> {
    const here = this.#clients.at(address).filter((client) => !client.isIdle)
    const named = here.filter((client) => isSameHost(client.name, name))
    const gone = named.length > 0 || here.length > 1 ? named : here
    for (const client of gone) {
      const { locks, waiters } = client
      this.#options.log.info(
        { client: address, name, locks, waiters },
        'a client restarted: its locks are freed',
      )
      await this.#free(client)
    }
  }

  async #simulateCrash(): Promise<void> {
    const hadLocks = await this.#monitored.restart()
    this.#beginGrace(hadLocks)
    for (const client of this.#clients.all()) await this.#free(client)
    void this.#tell(hadLocks)
  }

  async #free(client: LockClient): Promise<void> {
    this.#shares.freeClient(client)
    await this.#manager.freeClient(client)
  }
}

/** Whether two names may be one host's: with or without its domain. */
function isSameHost(one: string, other: string): boolean {
  const first = (name: string) => name.toLowerCase().split('.')[0]
  return first(one) === first(other)
}
