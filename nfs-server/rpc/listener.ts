/** Listens for TCP connections and keeps them within limits. */
import type { Accept, Accepted, Acceptor } from './acceptor.ts'
import { BusyPoll } from './busy-poll.ts'
import { Connection, plainAddress } from './connection.ts'
import type { Dispatcher } from './dispatch.ts'
import { defaultRpcLimits, type RpcLimits } from './limits.ts'
import { acceptNatively } from './listener-native.ts'
import type { LoopsAwake } from './loops-awake.ts'
import { ReplyBatch } from './reply-batch.ts'
import { ServerLoad } from './server-load.ts'
import type { TurnAddress } from './turns.ts'
import { UdpSocket } from './udp.ts'

const sweepIntervalMs = 1000
/** Whoever keeps others of its address waiting and has not moved for this long is dropped. */
const stalledMs = 3000

export interface ListenAddress {
  /** Textual IP address. */
  readonly address: string
  /** 0 picks a free one. */
  readonly port: number
}

export interface RpcListenerOptions {
  readonly limits?: Partial<RpcLimits> | undefined
  readonly accept?: Accept | undefined
  /** If other threads have event loops of the same server. */
  readonly loops?: LoopsAwake | undefined
  /** A connection was turned away or dropped for the sake of the others; `reason` is for a log. */
  readonly onRefused?: ((address: string, reason: string) => void) | undefined
  /** A connection has ended, or was refused. */
  readonly onGone?: ((address: string, refused: boolean) => void) | undefined
}

/** Other threads that serve the same program. */
export interface Elsewhere {
  /**
   * Whether one of them serves the connection, of which it has the descriptor then; `gone` is called when it has ended.
   * `here` is the number of connections that are served by this thread, infinite if it can serve no more.
   */
  take(accepted: Accepted, here: number, gone: () => void): boolean
}

/** All sockets of a server: whatever programs they serve, they share the limits. */
export class RpcListener {
  readonly #limits: RpcLimits
  readonly #options: RpcListenerOptions
  readonly #load: ServerLoad
  readonly #batch = new ReplyBatch()
  readonly #poll: BusyPoll
  readonly #acceptors: Acceptor[] = []
  readonly #udpSockets: UdpSocket[] = []
  readonly #connections = new Set<Connection>()
  readonly #sweeper: NodeJS.Timeout
  #onEmpty: (() => void) | undefined

  constructor(options: RpcListenerOptions = {}) {
    this.#options = options
    this.#limits = { ...defaultRpcLimits, ...options.limits }
    this.#load = new ServerLoad(this.#limits)
    this.#poll = new BusyPoll(
      this.#limits.busyPollUs,
      () => this.#load.calls > 0 || this.#load.turns.isContended,
      options.loops,
      () => this.#load.turns.isContended,
    )
    this.#sweeper = setInterval(() => this.#sweep(), sweepIntervalMs).unref()
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** What connections, calls and replies hold, of `memoryBytesMax`. */
  get memoryBytes(): number {
    return this.#load.bytes
  }

  /** Calls that are being worked on and not answered yet. */
  get callCount(): number {
    return this.#load.calls
  }

  /** Serves `dispatcher` by TCP, with others if there are any; answers where it really listens. */
  async listenTcp(
    dispatcher: Dispatcher,
    where: ListenAddress,
    elsewhere?: Elsewhere,
  ): Promise<ListenAddress> {
    const accept = this.#options.accept ?? acceptNatively
    const acceptor = await accept(
      where.address,
      where.port,
      (accepted) => this.#accepted(dispatcher, accepted, elsewhere),
      this.#poll,
    )
    this.#acceptors.push(acceptor)
    return { address: acceptor.address, port: acceptor.port }
  }

  /** Serves `dispatcher` by UDP; answers where it really listens. */
  async listenUdp(dispatcher: Dispatcher, where: ListenAddress): Promise<ListenAddress> {
    const socket = await UdpSocket.bind(dispatcher, where, this.#limits)
    this.#udpSockets.push(socket)
    return { address: socket.address, port: socket.port }
  }

  #accepted(dispatcher: Dispatcher, accepted: Accepted, elsewhere: Elsewhere | undefined): void {
    const address = plainAddress(accepted.address)
    const refusal = this.#load.refusal(address)
    const noMemory = this.#load.memoryRefusal()
    if (refusal === undefined && elsewhere !== undefined) {
      const here = noMemory === undefined ? this.#connections.size : Number.POSITIVE_INFINITY
      const gone = () => this.#load.connectionEndedElsewhere(address)
      if (elsewhere.take(accepted, here, gone)) {
        this.#load.connectionHandedOver(address)
        return
      }
    }
    const reason = refusal ?? noMemory
    if (reason !== undefined) {
      this.#refuse(accepted, address, reason)
      return
    }
    const connection = new Connection({
      open: accepted.open,
      address,
      port: accepted.port,
      dispatcher,
      limits: this.#limits,
      load: this.#load.connectionOpened(address),
      batch: this.#batch,
      onClose: (closed) => this.#closed(closed),
    })
    this.#connections.add(connection)
  }

  #refuse(accepted: Accepted, address: string, reason: string): void {
    accepted.refuse()
    this.#options.onRefused?.(address, reason)
    this.#options.onGone?.(address, true)
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection)
    this.#load.connectionClosed(connection.address)
    this.#options.onGone?.(connection.address, false)
    if (this.#connections.size === 0) this.#onEmpty?.()
  }

  #sweep(): void {
    this.#load.now_ms = performance.now()
    for (const connection of this.#connections) connection.sweep()
    this.#load.sweep()
    const starving = this.#load.turns.starving()
    if (starving.size > 0) this.#dropStalled(starving)
  }

  /**
   * Frees memory for connections that cannot go on: of their address, those go that have not read their replies, or not
   * gone on with a large record, for longest. Those who keep going stay.
   */
  #dropStalled(starving: ReadonlySet<TurnAddress>): void {
    const { now_ms } = this.#load
    const stalled = [...this.#connections]
      .map((connection) => ({ connection, since_ms: connection.stalledSince_ms }))
      .filter(
        ({ connection, since_ms }) => now_ms - since_ms > stalledMs && starving.has(connection.load.address),
      )
      .sort((a, b) => a.since_ms - b.since_ms)
    for (const { connection } of stalled) {
      if (!connection.load.address.isTight) continue
      const reason = connection.unsentBytes > 0 ? 'does not read its replies' : 'does not finish its calls'
      connection.destroy()
      this.#options.onRefused?.(connection.address, reason)
    }
  }

  /** New connections are refused at once; those that are there go on. */
  async stopAccepting(): Promise<void> {
    await Promise.all(this.#acceptors.splice(0).map((acceptor) => acceptor.close()))
  }

  /**
   * Stops accepting and reading, lets the calls that were begun finish, sends their replies and closes. What is not done
   * after `timeoutMs` is cut off.
   */
  async drain(timeoutMs: number): Promise<void> {
    const closing = this.stopAccepting()
    const udp = this.#udpSockets.map((socket) => socket.drain(timeoutMs))
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    for (const connection of this.#connections) connection.drain()
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy()
    }, timeoutMs)
    if (this.#connections.size > 0) await empty
    clearTimeout(timer)
    await Promise.all([closing, ...udp])
    clearInterval(this.#sweeper)
  }

  /** Cuts everything off. */
  close(): Promise<void> {
    return this.drain(0)
  }
}
