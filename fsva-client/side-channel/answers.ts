import { constants } from 'node:os'
import { agentAnswerNumbers, type NativeAgent } from '../../native/agent-binding.ts'
import { SideChannelError, sideChannelError } from './side-channel-error.ts'

const batchMax = 64
/** The server, or the window of unanswered requests, had no room: asked again after so long, if no answer makes room before. */
const retryMs = 5
const { EAGAIN, EBADF, ECONNRESET } = constants.errno

/** An answer as the addon writes it. */
export type Numbers = ArrayLike<number>

export const answerAt = { ticket: 0, errno: 1, bytes: 2, flag: 3, attributes: 4 } as const

/** Asks for something: 0, and the answer is in `numbers`, or the ticket of an answer that comes later. */
export type Ask = (numbers: Float64Array, spinMicroseconds: number) => number

/**
 * Answers that come at once, and such that come later: those are told by one wake-up of the event loop for all. While some are
 * awaited the process goes on.
 */
export class Answers {
  readonly #inline = new Float64Array(agentAnswerNumbers)
  readonly #batch = new Float64Array(agentAnswerNumbers * batchMax)
  readonly #awaited = new Map<number, (answer: Numbers) => void>()
  readonly #forRoom: (() => void)[] = []
  readonly #spinMicroseconds: number
  readonly #deadlineMs: number
  #agent: NativeAgent | undefined

  /**
   * `spinMicroseconds`: how long the event loop may be held up by looking for an answer; 0 for not at all. `deadlineMs`: how long
   * a server without room is asked again.
   */
  constructor(spinMicroseconds: number, deadlineMs: number) {
    this.#spinMicroseconds = spinMicroseconds
    this.#deadlineMs = deadlineMs
  }

  use(agent: NativeAgent): void {
    this.#agent = agent
  }

  /** The addon has answers. */
  readonly ready = (): void => {
    let count: number
    do {
      count = this.#agent?.take(this.#batch) ?? 0
      for (let at = 0; at < count * agentAnswerNumbers; at += agentAnswerNumbers) {
        const settle = this.#awaited.get(this.#batch[at]!)
        this.#awaited.delete(this.#batch[at]!)
        settle?.(this.#batch.slice(at, at + agentAnswerNumbers))
      }
      if (count > 0 && this.#awaited.size === 0) this.#agent?.holdLoop(false)
    } while (count === batchMax)
    for (const wake of this.#forRoom.splice(0)) wake()
  }

  /**
   * What `decode` makes of the answer, before anything else is asked: the next one may have the same memory. `waiting` asks the
   * same by a thread that may wait, and opens a file again that the server does not know any more. Rejects with a
   * SideChannelError.
   */
  async answer<T>(ask: Ask, decode: (answer: Numbers) => T, waiting?: () => Promise<number[]>): Promise<T> {
    const deadline = performance.now() + this.#deadlineMs
    for (;;) {
      const ticket = this.#ask(ask)
      const answer = ticket === 0 ? this.#inline : await this.#later(ticket)
      const errno = answer[answerAt.errno]!
      if (errno === 0) return decode(answer)
      if (errno === EAGAIN && performance.now() < deadline) {
        await this.#room()
      } else if (waiting !== undefined && (errno === EBADF || errno === ECONNRESET)) {
        return decode(await this.#asked(waiting))
      } else {
        throw new SideChannelError(errno)
      }
    }
  }

  #ask(ask: Ask): number {
    try {
      return ask(this.#inline, this.#spinMicroseconds)
    } catch (error) {
      throw sideChannelError(error)
    }
  }

  async #asked(waiting: () => Promise<number[]>): Promise<Numbers> {
    try {
      return await waiting()
    } catch (error) {
      throw sideChannelError(error)
    }
  }

  #later(ticket: number): Promise<Numbers> {
    if (this.#awaited.size === 0) this.#agent?.holdLoop(true)
    return new Promise((resolve) => this.#awaited.set(ticket, resolve))
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, retryMs)
      this.#forRoom.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
