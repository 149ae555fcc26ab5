/** The reply record of the native core: what was answered to whom, across restarts. */
import { addon, type NativeReplies, type ReplyFigures, replyBegun } from '../../native/binding.ts'
import type { Caller } from '../caller.ts'
import type { Core } from './native-core.ts'

/** What tells one call from another; the client's port does not. */
export interface RecordedCall {
  readonly caller: Caller
  readonly xid: number
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly arguments: Uint8Array
}

/** One per JavaScript thread, of a core whose record has been opened. */
export class Replies {
  readonly #core: Core
  readonly #native: NativeReplies
  /** As they were when it was closed. */
  #last: ReplyFigures | undefined

  constructor(core: Core) {
    this.#core = core
    this.#native = new addon.NativeReplies(core.native)
  }

  /**
   * The number of a call that is new, to be ended by `end`; the reply it was given before; a promise of the reply that it
   * will get, undefined if it ends without; or undefined if there are too many calls to remember this one.
   */
  begin(
    call: RecordedCall,
    brief: boolean,
  ): number | Uint8Array | Promise<Uint8Array | undefined> | undefined {
    let begun = this.#begin(call, this.#core.callerId(call.caller), brief)
    if (begun === replyBegun.STALE_CALLER) {
      begun = this.#begin(call, this.#core.internAgain(call.caller), brief)
    }
    if (begun >= 0) return begun
    if (begun === replyBegun.ANSWERED) return this.#native.take()
    return begun === replyBegun.RUNNING ? this.#wait(call, brief) : undefined
  }

  #begin(call: RecordedCall, caller: number, brief: boolean): number {
    const { xid, program, version, procedure } = call
    return this.#native.begin(caller, xid, program, version, procedure, call.arguments, brief)
  }

  async #wait(call: RecordedCall, brief: boolean): Promise<Uint8Array | undefined> {
    const { caller, xid, program, version, procedure } = call
    const id = this.#core.callerId(caller)
    const reply = await this.#native.wait(id, xid, program, version, procedure, call.arguments, brief)
    // Closed, nothing is answered or done any more: what waited for a reply is not to be done instead.
    if (this.#last !== undefined) return new Promise(() => {})
    return reply ?? undefined
  }

  /** `reply`: the message from the xid on, or undefined if there is none. */
  end(number: number, reply: Uint8Array | undefined): void {
    this.#native.end(number, reply)
  }

  figures(): ReplyFigures {
    return this.#last ?? this.#native.figures()
  }

  /** Lets go of the core. */
  close(): void {
    this.#last ??= this.#native.figures()
    this.#native.close()
  }
}
