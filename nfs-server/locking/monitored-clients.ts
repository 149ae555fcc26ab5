/**
 * Which clients are to be told when the server has restarted, and how often it has (the state number of the status
 * monitor: odd while it runs, even when it was stopped). Kept in the state directory: a client is written down before it
 * gets its first lock.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../log.ts'
import type { LockLimits } from '../programs/nlm/limits.ts'
import { isSpecific } from './client-port.ts'

export interface MonitoredClient {
  readonly address: string
  /** As it calls itself; for the log. */
  readonly name: string
  /** The address of ours that it knows us by. */
  readonly localAddress: string
}

export type MonitorLimits = Pick<LockLimits, 'clientsMax' | 'clientsPerAddressMax'>

const fileName = 'locks.json'
/** State numbers are signed on the wire. */
const stateMax = 0x7fff_fff0

export class MonitoredClients {
  readonly #directory: string
  readonly #log: Logger
  readonly #limits: MonitorLimits
  readonly #clients = new Map<string, MonitoredClient>()
  #state = 0
  #saving: Promise<boolean> = Promise.resolve(true)
  #nextSave: Promise<boolean> | undefined

  constructor(directory: string, limits: MonitorLimits, log: Logger) {
    this.#directory = directory
    this.#limits = limits
    this.#log = log
  }

  get state(): number {
    return this.#state
  }

  /** Reads what an earlier run left, and begins a new state. Answers those who had locks. Throws if it cannot write. */
  begin(): readonly MonitoredClient[] {
    const { state, clients } = this.#read()
    this.#state = nextState(state)
    for (const client of clients.slice(0, this.#limits.clientsMax)) this.#clients.set(keyOf(client), client)
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    this.#writeSync()
    return this.all()
  }

  hasRoomFor(client: Pick<MonitoredClient, 'address' | 'name'>): boolean {
    if (this.has(client)) return true
    const { clientsMax, clientsPerAddressMax } = this.#limits
    if (this.#clients.size >= clientsMax) return false
    let here = 0
    for (const { address } of this.#clients.values()) if (address === client.address) here++
    return here < clientsPerAddressMax
  }

  /** False: it could not be written down, or there are too many. */
  async add(client: MonitoredClient): Promise<boolean> {
    const key = keyOf(client)
    const known = this.#clients.get(key)
    const isKnown = known?.localAddress === client.localAddress || !isSpecific(client.localAddress)
    if (known !== undefined && isKnown) return await (this.#nextSave ?? this.#saving)
    if (!this.hasRoomFor(client)) return false
    this.#clients.set(key, client)
    const isSaved = await this.#save()
    if (!isSaved && this.#clients.get(key) === client) this.#clients.delete(key)
    return isSaved
  }

  all(): readonly MonitoredClient[] {
    return [...this.#clients.values()]
  }

  has({ address, name }: Pick<MonitoredClient, 'address' | 'name'>): boolean {
    return this.#clients.has(keyOf({ address, name }))
  }

  /**
   * Those who have no locks any more need not be told. Written down as well: who was away while others got its locks
   * must not reclaim them after one more restart.
   */
  forget(isForgotten: (client: MonitoredClient) => boolean): void {
    const forgotten = this.all().filter(isForgotten)
    for (const client of forgotten) this.#clients.delete(keyOf(client))
    if (forgotten.length > 0) void this.#save()
  }

  /** As after a restart: everybody's locks are gone. */
  async restart(): Promise<readonly MonitoredClient[]> {
    this.#state = nextState(this.#state)
    await this.#save()
    return this.all()
  }

  /** Leaves on disk who still has locks. */
  end(isNeeded: (client: MonitoredClient) => boolean): void {
    if (this.#state % 2 === 0) return
    this.#state++
    for (const [key, client] of this.#clients) if (!isNeeded(client)) this.#clients.delete(key)
    try {
      this.#writeSync()
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot write down which clients have locks')
    }
  }

  #read(): { readonly state: number; readonly clients: readonly MonitoredClient[] } {
    try {
      const { state, clients } = JSON.parse(readFileSync(join(this.#directory, fileName), 'utf8'))
      if (!Number.isInteger(state) || !Array.isArray(clients)) throw new Error('not what was written there')
      return { state, clients: clients.filter(isMonitoredClient) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.warn({ err: error }, `cannot read ${fileName}: clients that had locks will not be told`)
      }
      return { state: 0, clients: [] }
    }
  }

  #text(): string {
    return `${JSON.stringify({ state: this.#state, clients: [...this.#clients.values()] })}\n`
  }

  /** One write for all who wait for one. */
  #save(): Promise<boolean> {
    this.#nextSave ??= this.#saving.then(() => {
      this.#nextSave = undefined
      this.#saving = this.#write().then(
        () => true,
        (error) => {
          this.#log.error({ err: error }, 'cannot write down a client: it gets no lock')
          return false
        },
      )
      return this.#saving
    })
    return this.#nextSave
  }

  async #write(): Promise<void> {
    const path = join(this.#directory, fileName)
    const file = await open(`${path}.new`, 'w', 0o600)
    try {
      await file.writeFile(this.#text())
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.new`, path)
    const directory = await open(this.#directory)
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }

  #writeSync(): void {
    const path = join(this.#directory, fileName)
    const file = openSync(`${path}.now`, 'w', 0o600)
    try {
      writeSync(file, this.#text())
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(`${path}.now`, path)
    const directory = openSync(this.#directory, 'r')
    fsyncSync(directory)
    closeSync(directory)
  }
}

function keyOf({ address, name }: Pick<MonitoredClient, 'address' | 'name'>): string {
  return `${address}\0${name}`
}

/** The next odd number. */
function nextState(state: number): number {
  const next = state + (state % 2 === 0 ? 1 : 2)
  return next > stateMax || next < 1 ? 1 : next
}

function isMonitoredClient(value: unknown): value is MonitoredClient {
  const { address, name, localAddress } = (value ?? {}) as Record<string, unknown>
  return typeof address === 'string' && typeof name === 'string' && typeof localAddress === 'string'
}
