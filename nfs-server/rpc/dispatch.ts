/** From a call message to its reply: header, credential, program, version, procedure, arguments, handler, result. */
import type { Caller } from '../caller.ts'
import { accept_stat, auth_stat } from '../xdr/generated/rpc.ts'
import { XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'
import { XdrError } from '../xdr/xdr-error.ts'
import type { CallerCache } from './auth.ts'
import {
  type CallHeader,
  decodeCallHeader,
  HeaderStatus,
  newCallHeader,
  writeAccepted,
  writeAuthError,
  writeProgramMismatch,
  writeRpcMismatch,
} from './message.ts'
import {
  type AnyProcedureRow,
  type CallObserver,
  type ReplyCache,
  type RpcCall,
  type RpcProgram,
  RpcRejection,
} from './program.ts'
import { RecordingPeer, replay } from './recording-peer.ts'
import { acceptStatusName, authStatusName } from './status-names.ts'

/** Whom calls come from and where their replies go. */
export interface Peer {
  readonly callers: CallerCache
  readonly transport: 'tcp' | 'udp'
  readonly localAddress: string
  /** Begins a reply message, or answers undefined if nobody is there to read it. */
  beginReply(): XdrWriter | undefined
  /** The reply is complete and may be sent. */
  endReply(): void
  /** Takes back what was written since `beginReply`; another reply may be begun. */
  abandonReply(): void
}

export interface DispatcherOptions {
  readonly replyCache?: ReplyCache | undefined
  /** Says who a caller is to the handlers; the same object for the same caller. */
  readonly identify?: ((caller: Caller) => Caller | Promise<Caller>) | undefined
  readonly observer?: CallObserver | undefined
  /** A handler failed with something that is no RpcRejection: a bug of ours. */
  readonly onHandlerError?: ((error: unknown, call: RpcCall) => void) | undefined
}

interface ProgramEntry {
  readonly program: RpcProgram
  readonly low: number
  readonly high: number
}

/** The message is no call that can be replied to. */
export const unintelligible = Symbol('unintelligible')

/** A call that is answered later. */
export interface PendingCall {
  /** Settles, and never fails, when the reply has been given. */
  readonly settled: Promise<void>
  /** What the reply may take, see ProcedureRow. */
  readonly replyBytesMax: number
}

const ordinaryReplyBytes = 512
/** Other servers take calls with something behind their arguments; it is not used. */
const trailingBytesMax = 1024

export class Dispatcher {
  readonly #programs = new Map<number, ProgramEntry>()
  readonly #options: DispatcherOptions
  readonly #header: CallHeader = newCallHeader()
  readonly #reader = new XdrReader(new Uint8Array(0))

  constructor(programs: readonly RpcProgram[], options: DispatcherOptions = {}) {
    for (const program of programs) {
      const versions = [...program.versions.keys()]
      this.#programs.set(program.number, {
        program,
        low: Math.min(...versions),
        high: Math.max(...versions),
      })
    }
    this.#options = options
  }

  /**
   * Answers one call message. Undefined: the reply has been given already (or there is none to give). Otherwise `record`
   * must stay as it is until the call has settled.
   */
  dispatch(record: Uint8Array, peer: Peer): undefined | PendingCall | typeof unintelligible {
    const header = this.#header
    const began = this.#options.observer === undefined ? 0 : performance.now()
    const status = decodeCallHeader(record, header)
    if (status !== HeaderStatus.OK) {
      if (status === HeaderStatus.UNINTELLIGIBLE) return unintelligible
      this.#refuseHeader(status, header.xid, peer)
      return undefined
    }
    const caller = peer.callers.resolve(record, header)
    if (typeof caller === 'number') {
      this.#denied(header, peer, caller, began)
      return undefined
    }
    const entry = this.#programs.get(header.program)
    if (entry === undefined) {
      this.#accepted(header, peer, accept_stat.PROG_UNAVAIL, began)
      return undefined
    }
    const rows = entry.program.versions.get(header.version)
    if (rows === undefined) {
      const writer = peer.beginReply()
      if (writer !== undefined) {
        writeProgramMismatch(writer, header.xid, entry.low, entry.high)
        peer.endReply()
      }
      this.#observe(header, 'PROG_MISMATCH', undefined, began)
      return undefined
    }
    const row = rows[header.procedure]
    if (row === undefined) {
      this.#accepted(header, peer, accept_stat.PROC_UNAVAIL, began)
      return undefined
    }
    return this.#run(row, this.#call(record, header, caller, peer), peer, began)
  }

  #call(record: Uint8Array, header: CallHeader, caller: Caller, peer: Peer): MutableCall {
    return {
      xid: header.xid,
      caller,
      transport: peer.transport,
      localAddress: peer.localAddress,
      program: header.program,
      version: header.version,
      procedure: header.procedure,
      arguments: record.subarray(header.argumentsStart),
      intent: undefined,
    }
  }

  #run(row: AnyProcedureRow, call: MutableCall, peer: Peer, began: number): undefined | PendingCall {
    this.#reader.reset(call.arguments)
    let args: unknown
    try {
      args = row.procedure.decodeArguments(this.#reader)
      // What calls may hold is judged by the size of their records: large ones are large because of what they bring.
      if (this.#reader.remaining > trailingBytesMax) throw new XdrError('bytes that belong to nothing')
    } catch (error) {
      if (error instanceof XdrError) this.#accepted(call, peer, accept_stat.GARBAGE_ARGS, began)
      else this.#failed(error, call, peer, began)
      return undefined
    }
    const identified = this.#options.identify?.(call.caller)
    if (identified instanceof Promise) {
      return pending(row, args, this.#runAs(identified, row, args, call, peer, began))
    }
    if (identified !== undefined) call.caller = identified
    return this.#begin(row, args, call, peer, began)
  }

  async #runAs(
    identified: Promise<Caller>,
    row: AnyProcedureRow,
    args: unknown,
    call: MutableCall,
    peer: Peer,
    began: number,
  ): Promise<void> {
    try {
      call.caller = await identified
    } catch (error) {
      this.#failed(error, call, peer, began)
      return
    }
    await this.#begin(row, args, call, peer, began)?.settled
  }

  #begin(
    row: AnyProcedureRow,
    args: unknown,
    call: MutableCall,
    peer: Peer,
    began: number,
  ): undefined | PendingCall {
    const { replyCache } = this.#options
    if (replyCache !== undefined && (!row.idempotent || row.onceAtATime === true)) {
      return this.#runCached(replyCache, row, args, call, peer, began)
    }
    return this.#handle(row, args, call, peer, began)
  }

  #handle(
    row: AnyProcedureRow,
    args: unknown,
    call: RpcCall,
    peer: Peer,
    began: number,
  ): undefined | PendingCall {
    let result: unknown
    try {
      result = row.handler(args, call)
    } catch (error) {
      this.#failed(error, call, peer, began)
      return undefined
    }
    if (result instanceof Promise) {
      const settled = result.then(
        (value) => this.#succeeded(row, value, call, peer, began),
        (error) => this.#failed(error, call, peer, began),
      )
      return pending(row, args, settled)
    }
    this.#succeeded(row, result, call, peer, began)
    return undefined
  }

  #runCached(
    cache: ReplyCache,
    row: AnyProcedureRow,
    args: unknown,
    call: MutableCall,
    peer: Peer,
    began: number,
  ): undefined | PendingCall {
    let known: ReturnType<ReplyCache['begin']>
    try {
      known = cache.begin(call, row.idempotent)
    } catch (error) {
      this.#failed(error, call, peer, began)
      return undefined
    }
    if (known instanceof Uint8Array) {
      replay(known, peer)
      this.#observe(call, 'SUCCESS', undefined, began)
      return undefined
    }
    if (known instanceof Promise) {
      return pending(row, args, this.#join(known, cache, row, args, call, peer, began))
    }
    if (known === undefined) return this.#handle(row, args, call, peer, began)
    call.intent = known
    const recording = new RecordingPeer(peer, cache, known)
    const outcome = this.#handle(row, args, call, recording, began)
    if (outcome === undefined) recording.ended()
    else outcome.settled.then(() => recording.ended())
    return outcome
  }

  /** Answers a repetition with what the call that is running will be answered with. */
  async #join(
    running: Promise<Uint8Array | undefined>,
    cache: ReplyCache,
    row: AnyProcedureRow,
    args: unknown,
    call: MutableCall,
    peer: Peer,
    began: number,
  ): Promise<void> {
    let reply: Uint8Array | undefined
    try {
      reply = await running
    } catch (error) {
      this.#failed(error, call, peer, began)
      return
    }
    if (reply !== undefined) {
      replay(reply, peer)
      this.#observe(call, 'SUCCESS', undefined, began)
      return
    }
    await this.#runCached(cache, row, args, call, peer, began)?.settled
  }

  #succeeded(row: AnyProcedureRow, result: unknown, call: RpcCall, peer: Peer, began: number): void {
    const writer = peer.beginReply()
    if (writer !== undefined) {
      try {
        writeAccepted(writer, call.xid, accept_stat.SUCCESS)
        row.procedure.encodeResult(writer, result)
      } catch (error) {
        peer.abandonReply()
        row.done?.(result, false)
        this.#failed(error, call, peer, began)
        return
      }
      peer.endReply()
    }
    row.done?.(result, writer !== undefined)
    this.#observe(call, 'SUCCESS', result, began)
  }

  #failed(error: unknown, call: RpcCall, peer: Peer, began: number): void {
    if (!(error instanceof RpcRejection)) {
      this.#options.onHandlerError?.(error, call)
      this.#accepted(call, peer, accept_stat.SYSTEM_ERR, began)
    } else if (error.kind === 'accept') {
      this.#accepted(call, peer, error.status, began)
    } else if (error.kind === 'auth') {
      this.#denied(call, peer, error.status, began)
    } else {
      this.#observe(call, 'DROPPED', undefined, began)
    }
  }

  #accepted(call: CallIdentity, peer: Peer, status: number, began: number): void {
    const writer = peer.beginReply()
    if (writer !== undefined) {
      writeAccepted(writer, call.xid, status)
      peer.endReply()
    }
    if (this.#options.observer !== undefined) this.#observe(call, acceptStatusName(status), undefined, began)
  }

  #denied(call: CallIdentity, peer: Peer, status: number, began: number): void {
    const writer = peer.beginReply()
    if (writer !== undefined) {
      writeAuthError(writer, call.xid, status)
      peer.endReply()
    }
    if (this.#options.observer !== undefined) this.#observe(call, authStatusName(status), undefined, began)
  }

  #refuseHeader(status: HeaderStatus, xid: number, peer: Peer): void {
    const writer = peer.beginReply()
    if (writer === undefined) return
    if (status === HeaderStatus.RPC_MISMATCH) writeRpcMismatch(writer, xid)
    else if (status === HeaderStatus.BAD_CREDENTIAL) writeAuthError(writer, xid, auth_stat.AUTH_BADCRED)
    else writeAuthError(writer, xid, auth_stat.AUTH_BADVERF)
    peer.endReply()
  }

  #observe(call: CallIdentity, status: string, result: unknown, began: number): void {
    this.#options.observer?.({
      program: call.program,
      version: call.version,
      procedure: call.procedure,
      status,
      result,
      duration_us: (performance.now() - began) * 1000,
    })
  }
}

/** A call that may still get its number, and whose caller may turn out to be somebody else. */
type MutableCall = Omit<RpcCall, 'caller' | 'intent'> & { caller: Caller; intent: number | undefined }

interface CallIdentity {
  readonly xid: number
  readonly program: number
  readonly version: number
  readonly procedure: number
}

function pending(row: AnyProcedureRow, args: unknown, settled: Promise<void>): PendingCall {
  return { settled, replyBytesMax: row.replyBytesMax?.(args) ?? ordinaryReplyBytes }
}
