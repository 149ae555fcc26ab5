/**
 * One TCP connection: records in, calls out to the dispatcher, replies back in the order they become ready. Reading stops
 * while too much is under way or unsent.
 */
import type { Socket } from 'node:net'
import type { XdrWriter } from '../xdr/writer.ts'
import { CallerCache } from './auth.ts'
import { type Chunk, hold, release } from './buffer-pool.ts'
import { type Dispatcher, type Peer, type PendingCall, unintelligible } from './dispatch.ts'
import type { RpcLimits } from './limits.ts'
import { RecordMarkingError, RecordReader } from './record-marking.ts'
import type { ReplyBatch } from './reply-batch.ts'
import { ReplySender } from './reply-sender.ts'
import type { ServerLoad } from './server-load.ts'

/** Replies of one read are sent together, but not more than this at once: the kernel can send while we go on. */
const flushBytes = 256 << 10
/** How long the other side of an ended connection may take to end its own. */
const lingerMs = 2000

/** The `onread` option of net.Socket. */
export interface ReadInto {
  readonly buffer: () => Uint8Array
  /** False stops reading until the socket is resumed. */
  readonly callback: (count: number) => boolean
}

export interface ConnectionOptions {
  /** Makes the socket, half-open allowed, that reads into what it is given. */
  readonly open: (onread: ReadInto) => Socket
  readonly address: string
  readonly port: number
  readonly dispatcher: Dispatcher
  readonly limits: RpcLimits
  readonly load: ServerLoad
  readonly batch: ReplyBatch
  readonly onClose: (connection: Connection) => void
}

export class Connection implements Peer {
  readonly transport = 'tcp'
  readonly address: string
  readonly callers: CallerCache
  readonly localAddress: string
  readonly #options: ConnectionOptions
  readonly #limits: RpcLimits
  readonly #load: ServerLoad
  readonly #sender: ReplySender
  readonly #reader: RecordReader
  readonly #socket: Socket
  readonly #resume = () => this.#unblock()

  /** Calls whose reply is not there yet, and the bytes they hold or may come to hold. */
  #calls = 0
  #callBytes = 0
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

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#limits = options.limits
    this.#load = options.load
    this.address = options.address
    this.callers = new CallerCache(options.address, options.port, options.limits.credentialsPerConnectionMax)
    this.#reader = new RecordReader(options.limits)
    this.#received_ms = this.#load.now_ms
    this.#socket = options.open({
      buffer: () => this.#reader.buffer(),
      callback: (count) => this.#received(count),
    })
    this.#sender = new ReplySender(this.#socket, options.batch, this.#load, this.#resume)
    this.localAddress = plainAddress(this.#socket.localAddress ?? '')
    this.#socket.on('error', () => this.destroy())
    this.#socket.on('end', () => {
      this.#hasEnded = true
      this.#finishIfDone()
    })
    this.#socket.on('close', () => this.#closed())
  }

  get unsentBytes(): number {
    return this.#sender.unsentBytes
  }

  /** When the peer last took some of its replies, on the load's clock. */
  get sent_ms(): number {
    return this.#sender.sent_ms
  }

  #received(count: number): boolean {
    if (this.#isDraining || this.#isClosed) return !this.#isClosed
    this.#reader.filled(count)
    this.#received_ms = this.#load.now_ms
    return this.#pump()
  }

  /** Takes records as long as there are any and there is room for their replies. True: reading may go on. */
  #pump(): boolean {
    this.#isPumping = true
    let tookAny = false
    let isDrained = false
    try {
      while (this.#hasRoom) {
        const record = this.#reader.next()
        if (record === undefined) {
          isDrained = true
          break
        }
        tookAny = true
        const pending = this.#options.dispatcher.dispatch(record, this)
        if (pending === unintelligible) throw new RecordMarkingError('not a call')
        const { own } = this.#reader
        if (pending !== undefined) this.#await(pending, record, own)
        else if (own !== undefined) this.#dropRecord(own)
        if (this.#isClosed) return false
      }
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
    if (!isDrained) this.#block()
    else if (this.#reader.atBoundary) this.#recordBegan_ms = undefined
    else if (tookAny) this.#recordBegan_ms = this.#load.now_ms
    else this.#recordBegan_ms ??= this.#load.now_ms
    return isDrained
  }

  get #hasRoom(): boolean {
    const limits = this.#limits
    return (
      this.#calls < limits.callsPerConnectionMax &&
      this.#callBytes < limits.callBytesPerConnectionMax &&
      this.#sender.unsentBytes < limits.replyBytesUnsentPerConnectionMax &&
      this.#load.hasRoom
    )
  }

  #block(): void {
    this.#isBlocked = true
    if (!this.#load.hasRoom) this.#load.wait(this.#resume)
  }

  #unblock(): void {
    if (!this.#isBlocked || this.#isClosed || this.#isDraining) return
    if (!this.#hasRoom) {
      this.#block()
      return
    }
    this.#isBlocked = false
    if (!this.#pump()) return
    this.#socket.resume()
    this.#finishIfDone()
  }

  /** The record's buffer may go, after what the replies have of it has been seen to. */
  #dropRecord(own: Chunk): void {
    this.#sender.settle()
    release(own)
  }

  #await(pending: PendingCall, record: Buffer, own: Chunk | undefined): void {
    const held = own ?? hold(record)
    const bytes = record.length + pending.replyBytesMax
    this.#calls++
    this.#callBytes += bytes
    this.#load.callBegan(bytes)
    pending.settled.then(() => {
      if (own === undefined) release(held)
      else this.#dropRecord(own)
      this.#calls--
      this.#callBytes -= bytes
      this.#load.callEnded(bytes)
      if (this.#isClosed) return
      this.#received_ms = this.#load.now_ms
      this.#scheduleFlush()
    })
  }

  beginReply(): XdrWriter | undefined {
    return this.#isClosed ? undefined : this.#sender.begin()
  }

  endReply(): void {
    if (this.#sender.end() >= flushBytes) this.#sender.flush()
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
      this.#unblock()
      this.#finishIfDone()
    })
  }

  /** Takes no more calls; ends the connection when those it has are answered. */
  drain(): void {
    this.#isDraining = true
    this.#load.forget(this.#resume)
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (this.#isFinished || this.#isClosed || this.#calls > 0) return
    if (!this.#isDraining && (!this.#hasEnded || this.#isBlocked)) return
    this.#isFinished = true
    this.#finished_ms = this.#load.now_ms
    this.#sender.flush()
    this.#socket.end()
    // Closing with unread input would reset the connection, and with it replies that are still on their way.
    this.#isDraining = true
    this.#socket.resume()
  }

  /** Called about once a second: drops a peer that keeps us waiting for too long. */
  sweep(): void {
    const now = this.#load.now_ms
    const limits = this.#limits
    const { unsentBytes, sent_ms } = this.#sender
    const isStalled = unsentBytes > 0 && now - sent_ms > limits.sendTimeoutMs
    const isSlow =
      this.#recordBegan_ms !== undefined &&
      !this.#isBlocked &&
      now - this.#recordBegan_ms > limits.recordTimeoutMs
    const isIdle = this.#calls === 0 && unsentBytes === 0 && now - this.#received_ms > limits.idleTimeoutMs
    const isLingering = this.#isFinished && unsentBytes === 0 && now - this.#finished_ms > lingerMs
    if (isStalled || isSlow || isIdle || isLingering) this.destroy()
  }

  destroy(): void {
    this.#closed()
    this.#socket.destroy()
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#load.forget(this.#resume)
    this.#sender.close()
    this.#options.onClose(this)
  }
}

/** IPv4-mapped IPv6 addresses (RFC 4291, section 2.5.5.2) as IPv4, and without a zone. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
