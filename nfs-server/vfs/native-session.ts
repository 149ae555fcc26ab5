/** Calls of the native core that are answered at once or later. */
import { answerLayout } from '../../native/answer-layout.ts'
import { addon, type NativeSession, PENDING, STALE_CALLER } from '../../native/binding.ts'
import type { Caller } from '../caller.ts'
import { AnswerMemory, type NativeAnswer } from './native-answer.ts'
import type { Core } from './native-core.ts'
import type { Answer, Intent } from './vfs.ts'

/** Completions taken over per turn of the event loop at most. */
const completionsPerDrain = 64
/** What `drain` adds to their number if there are more (native/src/session.rs). */
const moreCompletions = 1 << 16
/** Ticket and length of the extra bytes, before the answer. */
const completionHeaderBytes = 8
const completionBytes = completionHeaderBytes + answerLayout.answerBytes
const flagsWord = answerLayout['answer.flags'] >>> 2
const noBytes = new Uint8Array(0)

interface Pending {
  readonly finish: (answer: NativeAnswer) => void
  /** The memory that the operation uses: held here, it outlives it. */
  readonly buffer: Uint8Array | undefined
}

/** One per JavaScript thread. */
export class Session {
  readonly #core: Core
  readonly #native: NativeSession
  readonly #inline: NativeAnswer
  readonly #completions = new AnswerMemory(new Uint8Array(completionsPerDrain * completionBytes))
  /** By ticket; a free one holds undefined and is in #free. */
  readonly #pending: (Pending | undefined)[] = []
  readonly #free: number[] = []
  #running = 0
  /** Keeps the process alive while something is pending; the addon's own wake-up does not. */
  readonly #keepAlive = setInterval(() => {}, 2 ** 31 - 1).unref()

  constructor(core: Core) {
    this.#core = core
    const memory = new AnswerMemory(new Uint8Array(answerLayout.answerBytes))
    this.#inline = { memory, at: 0, extra: noBytes }
    this.#native = new addon.NativeSession(core.native, memory.bytes, this.#drain)
  }

  /** Operations that have been started and not answered yet. */
  get running(): number {
    return this.#running
  }

  /**
   * `call` makes the native call; `decode` reads its answer, before anybody else gets to use that memory.
   * `buffer` is what the operation reads from or writes to, `intent` the call's number in the reply record.
   */
  start<T>(
    caller: Caller,
    call: (native: NativeSession, callerId: number, ticket: number) => number,
    decode: (answer: NativeAnswer) => T,
    buffer?: Uint8Array,
    intent?: Intent,
  ): Answer<T> {
    const ticket = this.#free.pop() ?? this.#pending.push(undefined) - 1
    if (intent !== undefined) this.#native.recordNext(intent)
    this.#cameFrom(caller)
    let status = call(this.#native, this.#core.callerId(caller), ticket)
    if (status === STALE_CALLER) {
      if (intent !== undefined) this.#native.recordNext(intent)
      this.#cameFrom(caller)
      status = call(this.#native, this.#core.internAgain(caller), ticket)
    }
    if (status !== PENDING) {
      this.#free.push(ticket)
      return decode(this.#inline)
    }
    if (this.#running++ === 0) this.#keepAlive.ref()
    return new Promise((resolve) => {
      this.#pending[ticket] = { finish: (answer) => resolve(decode(answer)), buffer }
    })
  }

  /** Lets go of the core; to be called when nothing is running any more. */
  close(): void {
    clearInterval(this.#keepAlive)
    this.#native.close()
  }

  /** What waits of one connection shall not hold up others: the core wants to know whose a call is. */
  #cameFrom({ port }: Caller): void {
    this.#inline.memory.words[flagsWord] = port
  }

  /** The rest waits for the next turn of the event loop: calls that are read meanwhile may be answered at once. */
  readonly #drain = (): void => {
    const memory = this.#completions
    const drained = this.#native.drain(memory.bytes)
    if (drained >= moreCompletions) setImmediate(this.#drain)
    const count = drained % moreCompletions
    for (let index = 0; index < count; index++) {
      const at = index * completionBytes
      const ticket = memory.words[at >>> 2]!
      const extra = memory.words[(at >>> 2) + 1] === 0 ? noBytes : this.#native.takeBytes(ticket)
      const pending = this.#pending[ticket]!
      this.#pending[ticket] = undefined
      this.#free.push(ticket)
      if (--this.#running === 0) this.#keepAlive.unref()
      pending.finish({ memory, at: at + completionHeaderBytes, extra })
    }
  }
}
