import type { Caller } from '../caller.ts'
import type { Procedure } from '../xdr/procedure.ts'

/** One call as a handler sees it. */
export interface RpcCall {
  readonly xid: number
  readonly caller: Caller
  readonly transport: 'tcp' | 'udp'
  /** Textual address of ours that the call came to; the wildcard address for UDP sockets bound to that. */
  readonly localAddress: string
  readonly program: number
  readonly version: number
  readonly procedure: number
  /** The encoded arguments, for the duplicate cache's checksum. Valid until the call is answered. */
  readonly arguments: Uint8Array
  /** The call's number in the reply cache while it runs; undefined if it is not there. */
  readonly intent?: number | undefined
}

/** Everything the dispatcher knows about one procedure. */
export interface ProcedureRow<Arguments, Result> {
  readonly procedure: Procedure<Arguments, Result>
  /** Views inside the arguments are valid until the answer settles. May throw RpcRejection. */
  readonly handler: (args: Arguments, call: RpcCall) => Result | Promise<Result>
  /** False if running the call twice is not the same as running it once: the reply cache then sees it. */
  readonly idempotent: boolean
  /**
   * For an idempotent one: running it twice is harmless, but not twice at once, because the first could then undo what
   * came after the second. A repeated call waits for the first to end.
   */
  readonly onceAtATime?: boolean
  /**
   * Bytes the reply may take, where it can be more than a few hundred: what a connection may have outstanding is bounded
   * by it.
   */
  readonly replyBytesMax?: (args: Arguments) => number
  /**
   * The result has been encoded, or will not be because of an error or because nobody is there to read it (`isSent` false): what it
   * has that the reply does not refer to may be used again.
   */
  readonly done?: (result: Result, isSent: boolean) => void
}

// biome-ignore lint/suspicious/noExplicitAny: rows of one table differ in their types, each being consistent in itself
export type AnyProcedureRow = ProcedureRow<any, any>

export interface RpcProgram {
  readonly number: number
  readonly name: string
  /** Version number to its procedures; the index is the procedure number. */
  readonly versions: ReadonlyMap<number, readonly (AnyProcedureRow | undefined)[]>
}

/**
 * Thrown by a handler to answer with something other than a result: an accept_stat or auth_stat of RFC 5531, or no
 * answer at all.
 */
export class RpcRejection extends Error {
  override readonly name = 'RpcRejection'
  readonly kind: 'accept' | 'auth' | 'drop'
  /** accept_stat or auth_stat; 0 for a drop. */
  readonly status: number

  constructor(kind: 'accept' | 'auth' | 'drop', status = 0) {
    super(`${kind} ${status}`)
    this.kind = kind
    this.status = status
  }
}

/** A duplicate request cache: keeps calls from running twice when the client repeats them (RFC 1813, section 4.5). */
export interface ReplyCache {
  /**
   * Asked before a call runs that is not idempotent (or, `brief`, that runs once at a time only). A number: the call is
   * new, `end` will follow. Bytes: the complete reply message (from the xid on) given before. A promise: the call is
   * running; its reply, or undefined if it ended without one. Undefined: the call is to be run as if there were no cache.
   */
  begin(call: RpcCall, brief: boolean): number | Uint8Array | Promise<Uint8Array | undefined> | undefined
  /**
   * The call of this number ended with this reply message, undefined if it gave none. Told before the reply is sent; the
   * bytes are valid during the call only.
   */
  end(number: number, reply: Uint8Array | undefined): void
}

/** What became of one call. */
export interface CallObservation {
  readonly program: number
  readonly version: number
  readonly procedure: number
  /** 'SUCCESS', another accept_stat, reject_stat or auth_stat by its name in RFC 5531, or 'DROPPED'. */
  readonly status: string
  /** The result the handler gave, if the call was answered with one. */
  readonly result: unknown
  readonly duration_us: number
}

export type CallObserver = (observation: CallObservation) => void
