/**
 * One TCP connection: records in, calls out to the dispatcher, replies back in the order they become ready. Reading stops
 * while too much is under way or unsent.
 */
import type { XdrWriter } from '../xdr/writer.ts'
import { CallerCache } from './auth.ts'
import { bufferBytes, type Chunk, hold, release } from './buffer-pool.ts'
import { type Dispatcher, type Peer, type PendingCall, unintelligible } from './dispatch.ts'
import type { RpcLimits } from './limits.ts'
import { RecordMarkingError, RecordReader } from './record-marking.ts'
import type { ReplyBatch } from './reply-batch.ts'
import { ReplySender } from './reply-sender.ts'
import { type ConnectionLoad, callBytes } from './server-load.ts'
import type { Stream, StreamUser } from './stream.ts'
import type { TurnTaker } from './turns.ts'

/** Replies of one read are sent together, but not more than this at once: the kernel can send while we go on. */
const flushBytes = 256 << 10
/** As much work for the event loop as one small call: moving so many bytes, in a call or a reply. */
const bytesPerUnit = 8 << 10
/** In the comparison with others so many bytes of a reply are worth a call: making them costs others more. */
const replyBytesPerService = 512
const smallReplyBytes = 16 << 10
/** What a remembered credential takes. */
const credentialBytes = 1 << 10
/** How long the other side of an ended connection may take to end its own. */
const lingerMs = 2000
/**
 * When none of the calls that fill a connection has come back for so long, something they all wait for is stuck (a file
 * system that is frozen or whose daemon hangs), and calls to anything else must not wait behind them: the connection may
 * have so many times more under way. Whoever is stuck sends calls back by then.
 */
const stuckMs = 3000
const stuckFactor = 4

export interface ConnectionOptions {
  /** Begins to read. */
  readonly open: (user: StreamUser) => Stream
  readonly address: string
  readonly port: number
  readonly dispatcher: Dispatcher
  readonly limits: RpcLimits
  readonly load: ConnectionLoad
  readonly batch: ReplyBatch
  readonly onClose: (connection: Connection) => void
}

export class Connection implements Peer, TurnTaker {
  readonly transport = 'tcp'
  readonly load: ConnectionLoad
  served = 0
  readonly address: string
  readonly callers: CallerCache
  readonly localAddress: string
  readonly #options: ConnectionOptions
  readonly #limits: RpcLimits
  readonly #sender: ReplySender
  readonly #reader: RecordReader
  readonly #stream: Stream
  readonly #resume = () => {
    this.#reader.rest()
    this.#unblock()
  }

  /** What has been done in this turn. */
  #units = 0
  #credentialsCounted = 0
  /** Reading is stopped, with records perhaps still to be taken from the reader. */
  #isBlocked = false
  #isPumping = false
  #isFlushScheduled = false
  /** The peer has sent its last byte. */
  #hasEnded = false
  /** No more calls are taken. */
  #isDraining = false
  #isFinished = false
  #isClosed = false

  #received_ms: number
  /** When the record that is arriving began to; undefined between records. */
  #recordBegan_ms: number | undefined
  #finished_ms = 0
  /** How many times the ordinary number of calls and bytes it may have under way. */
  #stretch = 1

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#limits = options.limits
    this.load = options.load
    this.address = options.address
    this.callers = new CallerCache(options.address, options.port, options.limits.credentialsPerConnectionMax)
    this.#reader = new RecordReader(options.limits, options.load)
    this.#received_ms = this.load.server.now_ms
    this.#stream = options.open({
      buffer: () => this.#reader.buffer(),
      received: (count) => this.#received(count),
      isShared: () => this.load.server.isShared,
      ended: () => {
        this.#hasEnded = true
        this.#finishIfDone()
      },
      closed: () => this.#closed(),
    })
    this.#sender = new ReplySender(this.#stream, options.batch, this.load, this.#resume)
    this.localAddress = plainAddress(this.#stream.localAddress)
  }

  get unsentBytes(): number {
    return this.#sender.unsentBytes
  }

  /**
   * Since when the peer has taken none of its replies, or has been sending one large record; Infinity if it is
   * neither. On the load's clock.
   */
  get stalledSince_ms(): number {
    const unsent = this.#sender.unsentBytes > 0 ? this.#sender.sent_ms : Number.POSITIVE_INFINITY
    const isArriving = this.#reader.arrivingBytes > 0
    return Math.min(unsent, (isArriving ? this.#recordBegan_ms : undefined) ?? Number.POSITIVE_INFINITY)
  }

  #received(count: number): boolean {
    if (this.#isDraining || this.#isClosed) return !this.#isClosed
    this.#reader.filled(count)
    this.#received_ms = this.load.server.now_ms
    const { turns } = this.load.server
    // Large records hold memory that others wait for: nothing may hold them up.
    if (turns.isContended && !this.#reader.hasLargeRecord) {
      this.#block()
      return false
    }
    const goesOn = this.#pump()
    turns.did(this.#units)
    return goesOn
  }

  /** Takes records as long as there are any, there is room for their replies, and its turn lasts. True: reading may go on. */
  #pump(): boolean {
    const { server } = this.load
    this.#isPumping = true
    this.#units = 0
    let isDrained = false
    try {
      while (this.#hasRoom && this.#units < server.unitsPerTurn) {
        const record = this.#reader.next()
        if (record === undefined) {
          isDrained = !this.#reader.isStarved
          break
        }
        this.#units += 1 + record.length / bytesPerUnit
        this.#dispatch(record)
        if (this.#isClosed) return false
      }
      // Its turn was over, but so was what there is to do.
      isDrained ||= this.#reader.atBoundary && this.#hasRoom
    } catch (error) {
      if (!(error instanceof RecordMarkingError)) throw error
      // What it asked before still gets answered, as far as it is ready.
      this.#sender.flush()
      this.destroy()
      return false
    } finally {
      this.#isPumping = false
    }
    this.#sender.flush()
    // Writing may have found the connection broken.
    if (this.#isClosed) return false
    this.#reader.rest()
    if (this.callers.size !== this.#credentialsCounted) this.#countCredentials()
    if (this.#reader.atBoundary) this.#recordBegan_ms = undefined
    else if (this.#units > 0) this.#recordBegan_ms = this.load.server.now_ms
    else this.#recordBegan_ms ??= this.load.server.now_ms
    if (!isDrained) this.#block()
    return isDrained
  }

  #dispatch(record: Buffer): void {
    const { own } = this.#reader
    const pending = this.#options.dispatcher.dispatch(record, this)
    if (pending !== undefined && pending !== unintelligible) this.#await(pending, record, own)
    else if (own !== undefined) this.#dropRecord(own)
    if (pending === unintelligible) throw new RecordMarkingError('not a call')
  }

  #countCredentials(): void {
    const { size } = this.callers
    this.load.take((size - this.#credentialsCounted) * credentialBytes)
    this.#credentialsCounted = size
  }

  /** Also what only its own calls and replies can change. */
  get #hasOwnRoom(): boolean {
    const limits = this.#limits
    return (
      this.load.calls < limits.callsPerConnectionMax * this.#stretch &&
      this.load.bytes - this.#reader.arrivingBytes < limits.bytesPerConnectionMax * this.#stretch &&
      this.#sender.unsentBytes < limits.replyBytesUnsentPerConnectionMax
    )
  }

  /** A large record has its memory, and what is sent in such records has small replies. */
  get #hasRoom(): boolean {
    return this.#hasOwnRoom && (this.load.hasRoom || this.#reader.hasLargeRecord)
  }

  /** Takes no records until it has its turn, or until one of its own replies is gone. */
  #block(): void {
    this.#isBlocked = true
    if (this.#hasOwnRoom) this.load.server.turns.add(this)
  }

  #unblock(): void {
    if (!this.#isBlocked || this.#isClosed || this.#isDraining || !this.#hasOwnRoom) return
    const { turns } = this.load.server
    if (!this.#hasRoom || (turns.isContended && !this.#reader.hasLargeRecord)) {
      this.#block()
      return
    }
    this.#goOn()
    turns.did(this.#units)
  }

  takeTurn(): number {
    if (!this.#isBlocked || this.#isClosed || this.#isDraining) return 0
    this.#units = 0
    this.#goOn()
    return this.#units
  }

  #goOn(): void {
    this.#isBlocked = false
    if (!this.#pump()) return
    this.#stream.resume()
    this.#finishIfDone()
  }

  /** The record's buffer may go, after what the replies have of it has been seen to if nobody else holds it. */
  #dropRecord(held: Chunk): void {
    if (held.holds <= 1) this.#sender.settle()
    release(held)
  }

  #await(pending: PendingCall, record: Buffer, own: Chunk | undefined): void {
    const held = own ?? hold(record)
    // A chunk is counted when it is given up for another one, and a large record since it began to arrive.
    const recordBytes = held === undefined ? record.length : 0
    const bytes = callBytes + recordBytes + replyMemory(pending.replyBytesMax)
    this.load.callBegan(bytes)
    pending.settled.then(() => {
      if (held !== undefined) this.#dropRecord(held)
      this.load.callEnded(bytes)
      if (this.#isClosed) return
      this.#received_ms = this.load.server.now_ms
      this.#scheduleFlush()
    })
  }

  beginReply(): XdrWriter | undefined {
    return this.#isClosed ? undefined : this.#sender.begin()
  }

  endReply(): void {
    const bytes = this.#sender.end()
    const { address, server } = this.load
    // What was had while nobody waited is nobody's loss.
    if (server.turns.isContended) {
      const service = 1 + bytes / replyBytesPerService
      this.served += service
      address.served += service
    }
    if (this.#isPumping) this.#units += bytes / bytesPerUnit
    if (this.#sender.rowBytes >= flushBytes) this.#sender.flush()
    else if (!this.#isPumping) this.#scheduleFlush()
  }

  abandonReply(): void {
    this.#sender.abandon()
  }

  /** Replies that become ready in a row leave together: a tick comes after all microtasks. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    process.nextTick(() => {
      this.#isFlushScheduled = false
      this.#sender.flush()
      this.#reader.rest()
      this.#unblock()
      this.#finishIfDone()
    })
  }

  /** Takes no more calls; ends the connection when those it has are answered. */
  drain(): void {
    this.#isDraining = true
    this.load.server.turns.remove(this)
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (this.#isFinished || this.#isClosed || this.load.calls > 0) return
    if (!this.#isDraining && (!this.#hasEnded || this.#isBlocked)) return
    this.#isFinished = true
    this.#finished_ms = this.load.server.now_ms
    this.#sender.flush()
    this.#stream.end()
    // Closing with unread input would reset the connection, and with it replies that are still on their way.
    this.#isDraining = true
    this.#stream.resume()
  }

  /** Called about once a second: drops a peer that keeps us waiting for too long. */
  sweep(): void {
    const now = this.load.server.now_ms
    const limits = this.#limits
    const { unsentBytes, sent_ms } = this.#sender
    const isStalled = unsentBytes > 0 && now - sent_ms > limits.sendTimeoutMs
    const isSlow =
      this.#recordBegan_ms !== undefined &&
      !this.#isBlocked &&
      now - this.#recordBegan_ms > limits.recordTimeoutMs
    const isIdle =
      this.load.calls === 0 && unsentBytes === 0 && now - this.#received_ms > limits.idleTimeoutMs
    const isLingering = this.#isFinished && unsentBytes === 0 && now - this.#finished_ms > lingerMs
    if (isStalled || isSlow || isIdle || isLingering) this.destroy()
    else this.#adjustStretch(now)
  }

  #adjustStretch(now: number): void {
    const { calls } = this.load
    if (this.#stretch > 1) {
      if (calls === 0) this.#stretch = 1
    } else if (this.#isBlocked && calls > 0 && !this.#hasOwnRoom && now - this.#received_ms > stuckMs) {
      this.#stretch = stuckFactor
      this.#unblock()
    }
  }

  /** First the stream, which another thread may be writing from the memory of replies. */
  destroy(): void {
    this.#stream.destroy()
    this.#closed()
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.load.server.turns.remove(this)
    this.#sender.close()
    this.#reader.close()
    this.load.release(this.#credentialsCounted * credentialBytes)
    this.#options.onClose(this)
  }
}

/** Large replies are built in buffers of the pool. */
function replyMemory(bytes: number): number {
  return bytes <= smallReplyBytes ? bytes : bufferBytes(bytes)
}

/** IPv4-mapped IPv6 addresses (RFC 4291, section 2.5.5.2) as IPv4, and without a zone. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
