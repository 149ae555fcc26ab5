/**
 * What the connections of a server hold, in bytes and calls, and what each may still take.
 *
 * Nobody can use everything up: the connections of one address may hold as much as is left free after that, which is a
 * half for one that is alone, a third each for two, and always leaves something for a newcomer. Inside its address the
 * same holds for a connection. So the bound is an address's, whatever number of connections it opens.
 */
import type { RpcLimits } from './limits.ts'
import { Ranking } from './ranking.ts'
import { type TurnAddress, Turns, type TurnTaker, unitsPerLook, unitsPerTurn } from './turns.ts'

/**
 * What a connection may come to hold without asking: a read chunk, if it keeps one (read-chunk.ts), its socket and the objects
 * around them.
 */
export const connectionBytes = 96 << 10
/** One call that waits, besides its record and its reply: objects here and in the core. */
export const callBytes = 4 << 10
/** Connections alone may fill this share of the memory. */
const connectionShare = 0.5
/** A call that was let in may take so much more than its record: the largest reply, rounded up. */
const replyReserveBytes = 2 << 20

export class ServerLoad {
  readonly #limits: RpcLimits
  readonly #addresses = new Map<string, AddressLoad>()
  /** Kept back, so that what is let in when there is room always fits. */
  readonly reserveBytes: number
  readonly turns = new Turns()
  #connections = 0
  /** Accepted here and served by other threads, which account for what they hold. */
  #connectionsElsewhere = 0
  bytes = 0
  calls = 0
  /** A clock for time-outs, moved by the listener's sweep: reading the real one for each record would cost. */
  now_ms = performance.now()

  constructor(limits: RpcLimits) {
    this.#limits = limits
    this.reserveBytes = Math.min(limits.recordBytesMax + replyReserveBytes, limits.memoryBytesMax / 4)
  }

  get bytesFree(): number {
    return this.#limits.memoryBytesMax - this.reserveBytes - this.bytes
  }

  get callsFree(): number {
    return this.#limits.callsMax - this.calls
  }

  /** There are connections, of whatever program and address, that may wait for one another. */
  get isShared(): boolean {
    return this.#connections > 1
  }

  /** What a connection may do at once; who is alone keeps nobody waiting. */
  get unitsPerTurn(): number {
    if (this.turns.isContended) return unitsPerTurn
    return this.isShared ? unitsPerLook : Number.POSITIVE_INFINITY
  }

  /** Why one more connection from this address is too many, whoever serves it; undefined if it is not. */
  refusal(address: string): string | undefined {
    const limits = this.#limits
    const of = this.#addresses.get(address)
    const ofAddress = of === undefined ? 0 : of.connections + of.connectionsElsewhere
    if (this.#connections + this.#connectionsElsewhere >= limits.connectionsMax) return 'too many connections'
    if (ofAddress >= limits.connectionsPerAddressMax) return 'too many connections from this address'
    return undefined
  }

  /** Why there is no memory here for one more connection; undefined if there is. */
  memoryRefusal(): string | undefined {
    const limits = this.#limits
    const room = Math.floor((limits.memoryBytesMax * connectionShare) / connectionBytes)
    if (this.#connections >= room) return 'too many connections for memory_bytes_max'
    // Calls of those who are there may hold the rest.
    if (this.bytesFree < connectionBytes) return 'no memory for more connections'
    return undefined
  }

  connectionOpened(address: string): ConnectionLoad {
    this.#connections++
    this.bytes += connectionBytes
    const of = this.#address(address)
    of.connections++
    return new ConnectionLoad(this, of)
  }

  #address(address: string): AddressLoad {
    let of = this.#addresses.get(address)
    if (of === undefined) {
      of = new AddressLoad(this)
      this.#addresses.set(address, of)
    }
    return of
  }

  /** The connection is another thread's from now on. */
  connectionHandedOver(address: string): void {
    this.#connectionsElsewhere++
    this.#address(address).connectionsElsewhere++
  }

  /** One that was handed over has ended. */
  connectionEndedElsewhere(address: string): void {
    this.#connectionsElsewhere--
    const of = this.#address(address)
    of.connectionsElsewhere--
    this.#forgetIfUnused(address, of)
  }

  /** What its calls hold that go on is released when they end. */
  connectionClosed(address: string): void {
    this.#connections--
    this.bytes -= connectionBytes
    const of = this.#addresses.get(address)!
    of.connections--
    this.#forgetIfUnused(address, of)
    this.turns.released()
  }

  /** Forgets addresses of which nothing is left: calls may outlive their connections. */
  sweep(): void {
    for (const [address, of] of this.#addresses) this.#forgetIfUnused(address, of)
  }

  #forgetIfUnused(address: string, of: AddressLoad): void {
    const connections = of.connections + of.connectionsElsewhere
    if (connections === 0 && of.bytes === 0 && of.calls === 0) this.#addresses.delete(address)
  }
}

/** What all connections of one address hold, besides the connections themselves. */
export class AddressLoad implements TurnAddress {
  readonly server: ServerLoad
  readonly waiting = new Ranking<TurnTaker>()
  served = 0
  connections = 0
  connectionsElsewhere = 0
  bytes = 0
  calls = 0

  constructor(server: ServerLoad) {
    this.server = server
  }

  get bytesLeft(): number {
    return this.server.bytesFree - this.bytes
  }

  get callsLeft(): number {
    return this.server.callsFree - this.calls
  }

  get hasRoom(): boolean {
    return this.bytesLeft > 0 && this.callsLeft > 0
  }

  /** One more call might be too much. */
  get isTight(): boolean {
    return this.bytesLeft < this.server.reserveBytes
  }
}

/** What one connection holds. Everything taken has to be released, also after the connection is closed. */
export class ConnectionLoad {
  readonly server: ServerLoad
  readonly address: AddressLoad
  bytes = 0
  calls = 0

  constructor(server: ServerLoad, address: AddressLoad) {
    this.server = server
    this.address = address
  }

  /** Its share allows another call. */
  get hasRoom(): boolean {
    return this.bytes < this.address.bytesLeft && this.calls < this.address.callsLeft
  }

  /** Its share allows so many bytes more. */
  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes < this.address.bytesLeft
  }

  take(bytes: number): void {
    this.bytes += bytes
    this.address.bytes += bytes
    this.server.bytes += bytes
  }

  release(bytes: number): void {
    this.bytes -= bytes
    this.address.bytes -= bytes
    this.server.bytes -= bytes
    this.server.turns.released()
  }

  callBegan(bytes: number): void {
    this.calls++
    this.address.calls++
    this.server.calls++
    this.take(bytes)
  }

  callEnded(bytes: number): void {
    this.calls--
    this.address.calls--
    this.server.calls--
    this.release(bytes)
  }
}
