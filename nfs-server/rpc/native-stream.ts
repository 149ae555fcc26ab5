/** One connection of the addon's sockets. */
import type { NativeSockets } from '../../native/binding.ts'
import type { Stream, StreamUser } from './stream.ts'

/** As in native/src/sockets.rs. */
const readable = 1
const writable = 2
const failed = 4
const sent = 8
const again = -1
const broken = -2

/**
 * What one socket reads in many small reads before the others have their turn. One read may be larger, and is not cut short: the
 * rest of a record comes in one system call, a WRITE of 1 MiB at most.
 */
const readBytesMax = 256 << 10

/**
 * What a socket gives the kernel by itself, of one reply or of those that wait, where there are others. Copying more keeps them
 * waiting for longer than having another thread do it.
 */
const writeBytesMax = 64 << 10
/** Pieces given to that thread at once. */
const piecesLaterMax = 1024

/** Pieces that the kernel has not taken yet. */
interface Waiting {
  pieces: readonly Uint8Array[]
  bytes: number
  readonly sent: () => void
}

export class NativeStream implements Stream {
  readonly #sockets: NativeSockets
  readonly #number: number
  readonly #user: StreamUser
  readonly #onClose: () => void
  #isReading = true
  #isWaitingToWrite = false
  #hasEnded = false
  #isEnding = false
  #isFinished = false
  #isClosed = false
  bytesRead = 0
  bytesWritten = 0
  unsentBytes = 0
  /** What the kernel has not taken yet, in order. */
  #queue: Waiting[] = []
  /** Of these, what another thread is giving to the kernel; nobody else does meanwhile. */
  #bytesLater = 0

  constructor(sockets: NativeSockets, number: number, user: StreamUser, onClose: () => void) {
    this.#sockets = sockets
    this.#number = number
    this.#user = user
    this.#onClose = onClose
    sockets.waitFor(number, true, false)
  }

  get localAddress(): string {
    return this.#isClosed ? '' : this.#sockets.localAddress(this.#number)
  }

  /** What another thread is giving to the kernel does not wait for the peer. */
  get isFull(): boolean {
    return this.unsentBytes > 0 && this.#bytesLater === 0
  }

  /** What `look` has found. */
  ready(found: number): void {
    if ((found & sent) !== 0) this.#sentLater()
    if ((found & writable) !== 0 && this.#isWaitingToWrite) this.#writeQueue()
    if ((found & readable) !== 0 && this.#isReading) this.#read()
    else if ((found & failed) !== 0) this.destroy()
  }

  #read(): void {
    for (let bytes = 0; bytes < readBytesMax && this.#isReading && !this.#isClosed; ) {
      const buffer = this.#user.buffer()
      const count = this.#sockets.read(this.#number, buffer)
      if (count === again) return
      if (count === broken) {
        this.destroy()
        return
      }
      if (count === 0) {
        this.#hasEnded = true
        this.#setReading(false)
        this.#user.ended()
        this.#closeIfDone()
        return
      }
      bytes += count
      this.bytesRead += count
      if (!this.#user.received(count)) this.#setReading(false)
      // There was no more than this.
      if (count < buffer.length) return
    }
  }

  resume(): void {
    if (!this.#hasEnded) this.#setReading(true)
  }

  #setReading(isReading: boolean): void {
    if (this.#isReading === isReading || this.#isClosed) return
    this.#isReading = isReading
    this.#sockets.waitFor(this.#number, isReading, this.#isWaitingToWrite)
  }

  #setWaitingToWrite(isWaiting: boolean): void {
    if (this.#isWaitingToWrite === isWaiting || this.#isClosed) return
    this.#isWaitingToWrite = isWaiting
    this.#sockets.waitFor(this.#number, this.#isReading, isWaiting)
  }

  write(pieces: readonly Uint8Array[], sent: () => void): boolean {
    if (this.#isClosed || this.#isEnding) return false
    const bytes = bytesOf(pieces)
    if (this.#queue.length > 0 || (this.#isTooMuch(bytes) && this.#writeLater(pieces, bytes))) {
      this.#enqueue(pieces, bytes, sent)
      return false
    }
    const left = this.#writeNow(pieces)
    if (left === undefined) return false
    if (left.length === 0) return true
    this.#enqueue(left, bytesOf(left), sent)
    this.#setWaitingToWrite(true)
    return false
  }

  #enqueue(pieces: readonly Uint8Array[], bytes: number, sent: () => void): void {
    this.#queue.push({ pieces, bytes, sent })
    this.unsentBytes += bytes
  }

  /** Answers what the kernel did not take; undefined if the connection is gone. */
  #writeNow(pieces: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    let left = pieces
    while (left.length > 0) {
      const count =
        left.length === 1
          ? this.#sockets.write(this.#number, left[0]!)
          : this.#sockets.writePieces(this.#number, left)
      if (count === again) return left
      if (count === broken) {
        this.destroy()
        return undefined
      }
      this.bytesWritten += count
      left = after(left, count)
    }
    return left
  }

  /** Others would have to wait for so many bytes. */
  #isTooMuch(bytes: number): boolean {
    return bytes > writeBytesMax && this.#user.isShared()
  }

  /** True if another thread writes the pieces, with which begins what is not sent; without threads it is to be done here. */
  #writeLater(pieces: readonly Uint8Array[], bytes: number): boolean {
    if (!this.#sockets.sendLater(this.#number, pieces)) return false
    this.#bytesLater = bytes
    return true
  }

  #sentLater(): void {
    const given = this.#bytesLater
    const count = given === 0 ? again : this.#sockets.sentLater(this.#number)
    // Told of what has been asked about before.
    if (count === again) return
    this.#bytesLater = 0
    if (count === broken) {
      this.destroy()
      return
    }
    this.bytesWritten += count
    this.#taken(count)
    if (this.#isClosed) return
    if (count < given) this.#setWaitingToWrite(true)
    else this.#writeQueue()
  }

  /** The kernel has so many bytes more of what waited. */
  #taken(count: number): void {
    this.unsentBytes -= count
    let left = count
    for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
      if (entry.bytes > left) {
        entry.pieces = after(entry.pieces, left)
        entry.bytes -= left
        return
      }
      left -= entry.bytes
      this.#queue.shift()
      entry.sent()
    }
  }

  #writeQueue(): void {
    while (this.#queue.length > 0 && this.#bytesLater === 0) {
      if (this.#isTooMuch(this.unsentBytes) && this.#writeQueueLater()) break
      const { pieces, bytes } = this.#queue[0]!
      const left = this.#writeNow(pieces)
      if (left === undefined) return
      const bytesLeft = bytesOf(left)
      this.#taken(bytes - bytesLeft)
      if (bytesLeft > 0) {
        this.#setWaitingToWrite(true)
        return
      }
    }
    this.#setWaitingToWrite(false)
    this.#finishIfDone()
  }

  #writeQueueLater(): boolean {
    const pieces: Uint8Array[] = []
    for (const entry of this.#queue) {
      if (pieces.length > 0 && pieces.length + entry.pieces.length > piecesLaterMax) break
      pieces.push(...entry.pieces)
    }
    return this.#writeLater(pieces, bytesOf(pieces))
  }

  end(): void {
    this.#isEnding = true
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (!this.#isEnding || this.#isFinished || this.#queue.length > 0 || this.#isClosed) return
    this.#isFinished = true
    this.#sockets.finish(this.#number)
    this.#closeIfDone()
  }

  #closeIfDone(): void {
    if (this.#hasEnded && this.#isFinished) this.destroy()
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // What another thread is writing from stays until it has let go.
    this.#sockets.remove(this.#number)
    this.#queue = []
    this.unsentBytes = 0
    this.#onClose()
    this.#user.closed()
  }
}

function bytesOf(pieces: readonly Uint8Array[]): number {
  let bytes = 0
  for (const piece of pieces) bytes += piece.length
  return bytes
}

/** The pieces without their first `count` bytes. */
function after(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let index = 0
  let skip = count
  while (index < pieces.length && skip >= pieces[index]!.length) skip -= pieces[index++]!.length
  if (skip === 0) return pieces.slice(index)
  return [pieces[index]!.subarray(skip), ...pieces.slice(index + 1)]
}
