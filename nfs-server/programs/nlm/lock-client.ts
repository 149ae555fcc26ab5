import type { LockLimits } from './limits.ts'

/** How a client can be called back. */
export interface LockPeer {
  /** Of the client. */
  readonly address: string
  /** Of ours, the one that the client called; a wildcard if unknown. */
  readonly localAddress: string
  readonly transport: 'tcp' | 'udp'
  /** Of the protocol, as the client speaks it. */
  readonly version: number
}

/** One lock manager of a client: its address, and the name it gives itself. */
export class LockClient {
  readonly address: string
  readonly name: string
  /** Locked ranges and shares. */
  locks = 0
  waiters = 0
  /** Being worked on. */
  calls = 0

  constructor(address: string, name: string) {
    this.address = address
    this.name = name
  }

  get isIdle(): boolean {
    return this.locks === 0 && this.waiters === 0 && this.calls === 0
  }
}

/** The clients that hold something or wait, and how much all of them do. */
export class LockClients {
  readonly #limits: LockLimits
  readonly #clients = new Map<string, LockClient>()
  #locks = 0
  #waiters = 0

  constructor(limits: LockLimits) {
    this.#limits = limits
  }

  get locks(): number {
    return this.#locks
  }

  get waiters(): number {
    return this.#waiters
  }

  /** Undefined: there are too many clients. */
  findOrAdd(address: string, name: string): LockClient | undefined {
    const key = `${address}\0${name}`
    const known = this.#clients.get(key)
    if (known !== undefined) return known
    if (this.#clients.size >= this.#limits.clientsMax) this.#forgetIdle()
    if (this.#clients.size >= this.#limits.clientsMax) return undefined
    const client = new LockClient(address, name)
    this.#clients.set(key, client)
    return client
  }

  at(address: string): LockClient[] {
    return [...this.#clients.values()].filter((client) => client.address === address)
  }

  all(): LockClient[] {
    return [...this.#clients.values()]
  }

  #forgetIdle(): void {
    for (const [key, client] of this.#clients) if (client.isIdle) this.#clients.delete(key)
  }

  mayLock({ locks }: LockClient): boolean {
    return locks < this.#limits.locksPerClientMax && this.#locks < this.#limits.locksMax
  }

  mayWait({ waiters }: LockClient): boolean {
    return waiters < this.#limits.waitersPerClientMax && this.#waiters < this.#limits.waitersMax
  }

  countLocks(client: LockClient, change: number): void {
    client.locks += change
    this.#locks += change
  }

  countWaiters(client: LockClient, change: number): void {
    client.waiters += change
    this.#waiters += change
  }
}
