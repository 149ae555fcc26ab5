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
  /** By address, then by name. */
  readonly #clients = new Map<string, Map<string, LockClient>>()
  #count = 0
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
    const known = this.#clients.get(address)?.get(name)
    if (known !== undefined) return known
    if (!this.#hasRoom(address)) this.#forgetIdle()
    if (!this.#hasRoom(address)) return undefined
    const client = new LockClient(address, name)
    const here = this.#clients.get(address) ?? new Map<string, LockClient>()
    this.#clients.set(address, here.set(name, client))
    this.#count++
    return client
  }

  at(address: string): LockClient[] {
    return [...(this.#clients.get(address)?.values() ?? [])]
  }

  all(): LockClient[] {
    return [...this.#clients.values()].flatMap((here) => [...here.values()])
  }

  #hasRoom(address: string): boolean {
    const here = this.#clients.get(address)?.size ?? 0
    return this.#count < this.#limits.clientsMax && here < this.#limits.clientsPerAddressMax
  }

  #forgetIdle(): void {
    for (const [address, here] of this.#clients) {
      for (const [name, client] of here) if (client.isIdle && here.delete(name)) this.#count--
      if (here.size === 0) this.#clients.delete(address)
    }
  }

  mayLock({ address }: LockClient): boolean {
    const { locksMax, locksPerAddressMax } = this.#limits
    return this.#locks < locksMax && this.#sum(address, 'locks') < locksPerAddressMax
  }

  mayWait({ address }: LockClient): boolean {
    const { waitersMax, waitersPerAddressMax } = this.#limits
    return this.#waiters < waitersMax && this.#sum(address, 'waiters') < waitersPerAddressMax
  }

  #sum(address: string, what: 'locks' | 'waiters'): number {
    let sum = 0
    for (const client of this.#clients.get(address)?.values() ?? []) sum += client[what]
    return sum
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
