/** Streams on the addon's sockets: one watch of the event loop for all of them, and none of Node's streams. */
import { addon, type NativeSockets } from '../../native/binding.ts'
import type { BusyPoll } from './busy-poll.ts'
import { NativeStream } from './native-stream.ts'
import type { Stream, StreamUser } from './stream.ts'

/** As in native/src/sockets.rs. */
const numberShift = 4

/** Sockets looked at in one go. */
const readyMax = 256
/** Rounds of looking again before the rest of the event loop has its turn. */
const roundsMax = 32

export class NativeStreams {
  readonly #sockets: NativeSockets
  readonly #poll: BusyPoll
  readonly #ready = new Uint32Array(readyMax)
  readonly #streams: (NativeStream | undefined)[] = []
  #open = 0
  #isClosing = false
  #isLookDue = false

  constructor(poll: BusyPoll) {
    this.#poll = poll
    this.#sockets = new addon.NativeSockets(() => this.#poll.whileAwake(this.#look))
  }

  open(fd: number, user: StreamUser): Stream {
    const number = this.#sockets.add(fd)
    const stream = new NativeStream(this.#sockets, number, user, () => {
      this.#streams[number] = undefined
      this.#open--
      this.#closeIfDone()
    })
    this.#streams[number] = stream
    this.#open++
    return stream
  }

  /** Lets go of the event loop when the last stream is gone. */
  close(): void {
    this.#isClosing = true
    this.#closeIfDone()
  }

  #closeIfDone(): void {
    if (this.#isClosing && this.#open === 0) this.#sockets.close()
  }

  readonly #look = (): void => {
    this.#goOn(this.#find(0, false))
  }

  /** Looks for so many microseconds, or until something else wants the event loop. */
  #find(spin: number, unlessWanted: boolean): number {
    return this.#sockets.look(this.#ready, spin, unlessWanted)
  }

  /** Serves those that were found, and whoever comes soon after. */
  #goOn(found: number): void {
    let count = found
    for (let round = 0; count > 0 && round < roundsMax; round++) {
      this.#serve(count)
      const spin = this.#poll.microseconds
      if (spin === 0) {
        this.#lookOnceMore()
        return
      }
      count = this.#find(spin, false)
      this.#poll.looked(count > 0)
    }
  }

  #serve(count: number): void {
    for (let index = 0; index < count; index++) {
      const entry = this.#ready[index]!
      this.#streams[entry >>> numberShift]?.ready(entry)
    }
  }

  /** Other things are waited for. What promises were kept for comes before a look that takes its time. */
  #lookOnceMore(): void {
    if (this.#poll.microsecondsUnlessWanted > 0) {
      if (this.#isLookDue) return
      this.#isLookDue = true
      setImmediate(this.#lookUnlessWanted)
      return
    }
    // Who asked meanwhile shall be known when turns are given.
    this.#serve(this.#find(0, false))
  }

  readonly #lookUnlessWanted = (): void => {
    this.#isLookDue = false
    const spin = this.#poll.microsecondsUnlessWanted
    if (spin === 0) return
    this.#poll.whileAwake(() => {
      const count = this.#find(spin, true)
      this.#poll.looked(count > 0)
      this.#goOn(count)
    })
  }
}
