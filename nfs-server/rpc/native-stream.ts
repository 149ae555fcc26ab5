/** One connection of the addon's sockets. */
import type { NativeSockets } from '../../native/binding.ts'
import type { Stream, StreamUser } from './stream.ts'

/** As in native/src/sockets.rs. */
const readable = 1
const writable = 2
const failed = 4
const again = -1
const broken = -2

/**
 * What one socket reads in many small reads before the others have their turn. One read may be larger, and is not cut short: the
 * rest of a record comes in one system call, a WRITE of 1 MiB at most.
 */
const readBytesMax = 256 << 10

/**
 * What a socket gives the kernel of one reply, or of those that wait, before the others have their turn: a large one takes longer
 * than a hundred small calls.
 */
const writeBytesMax = 256 << 10

/** Pieces that the kernel has not taken yet. */
interface Waiting {
  pieces: readonly Uint8Array[]
  readonly sent: () => void
}

/** How often the sockets have been looked at. */
export interface Looks {
  readonly count: number
}

export class NativeStream implements Stream {
  readonly #sockets: NativeSockets
  readonly #number: number
  readonly #user: StreamUser
  readonly #looks: Looks
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
  /** The look after which the kernel was given no more for the sake of the others, rather than because it took no more. */
  #pausedAt = -1

  constructor(sockets: NativeSockets, number: number, user: StreamUser, looks: Looks, onClose: () => void) {
    this.#sockets = sockets
    this.#number = number
    this.#user = user
    this.#looks = looks
    this.#onClose = onClose
    sockets.waitFor(number, true, false)
  }

  get localAddress(): string {
    return this.#isClosed ? '' : this.#sockets.localAddress(this.#number)
  }

  /** The kernel that can take more says so at the next look. */
  get isFull(): boolean {
    return this.unsentBytes > 0 && this.#pausedAt !== this.#looks.count
  }

  /** What `look` has found. */
  ready(found: number): void {
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
    if (this.#queue.length === 0) {
      const left = this.#writeNow(pieces, this.#writeEnd)
      if (left === undefined) return false
      if (left.length === 0) return true
      this.#enqueue(left, sent)
      this.#setWaitingToWrite(true)
      return false
    }
    this.#enqueue(pieces, sent)
    return false
  }

  #enqueue(pieces: readonly Uint8Array[], sent: () => void): void {
    this.#queue.push({ pieces, sent })
    for (const piece of pieces) this.unsentBytes += piece.length
  }

  /** What `bytesWritten` may become before the others are looked at. */
  get #writeEnd(): number {
    return this.#user.isShared() ? this.bytesWritten + writeBytesMax : Number.POSITIVE_INFINITY
  }

  /**
   * Answers what the kernel did not take, or what has to wait until the others have been looked at; undefined if the
   * connection is gone.
   */
  #writeNow(pieces: readonly Uint8Array[], end: number): readonly Uint8Array[] | undefined {
    let left = pieces
    while (left.length > 0 && this.bytesWritten < end) {
      const now = before(left, end - this.bytesWritten)
      const count =
        now.length === 1
          ? this.#sockets.write(this.#number, now[0]!)
          : this.#sockets.writePieces(this.#number, now)
      if (count === again) {
        this.#pausedAt = -1
        return left
      }
      if (count === broken) {
        this.destroy()
        return undefined
      }
      this.bytesWritten += count
      left = after(left, count)
    }
    this.#pausedAt = this.#looks.count
    return left
  }

  #writeQueue(): void {
    const end = this.#writeEnd
    for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
      const before = this.bytesWritten
      const left = this.#writeNow(entry.pieces, end)
      if (left === undefined) return
      this.unsentBytes -= this.bytesWritten - before
      if (left.length > 0) {
        entry.pieces = left
        return
      }
      this.#queue.shift()
      entry.sent()
    }
    this.#setWaitingToWrite(false)
    this.#finishIfDone()
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
    this.#queue = []
    this.unsentBytes = 0
    this.#sockets.remove(this.#number)
    this.#onClose()
    this.#user.closed()
  }
}

/** The first `count` bytes of the pieces. */
function before(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count
  for (const [index, piece] of pieces.entries()) {
    if (piece.length > left) return [...pieces.slice(0, index), piece.subarray(0, left)]
    left -= piece.length
  }
  return pieces
}

/** The pieces without their first `count` bytes. */
function after(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let index = 0
  let skip = count
  while (index < pieces.length && skip >= pieces[index]!.length) skip -= pieces[index++]!.length
  if (skip === 0) return pieces.slice(index)
  return [pieces[index]!.subarray(skip), ...pieces.slice(index + 1)]
}
