/** What the server's thread and its workers tell each other. Copies, but for one counter. */
import type { ExportOptions } from '../exports.ts'
import type { GroupLease } from '../groups/user-groups.ts'
import type { ThreadFigures } from '../metrics/metrics.ts'
import type { Refusal } from '../refusal-log.ts'
import type { Descriptor } from '../rpc/acceptor.ts'
import type { RpcLimits } from '../rpc/limits.ts'

/** What a worker begins with. */
export interface WorkerStart {
  /** NativeCore.share's number. */
  readonly core: number
  /** The worker's share of them. */
  readonly limits: RpcLimits
  readonly exports: readonly ExportOptions[]
  readonly hasReplyCache: boolean
  /** LoopsAwake's memory. */
  readonly loops: SharedArrayBuffer
  /** Users' groups are asked for. */
  readonly manageGids: boolean
}

export type ToWorker =
  /** Answered by `taken`, in order. */
  | { readonly kind: 'connection'; readonly connection: Descriptor }
  | { readonly kind: 'exports'; readonly exports: readonly ExportOptions[] }
  /** Answered by `figures` of the same number. */
  | { readonly kind: 'count'; readonly number: number }
  /** Answers `groups`; undefined: too many are being looked up. */
  | { readonly kind: 'groups'; readonly uid: number; readonly lease: GroupLease | undefined }
  /** Answered by `drained`. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** `drained` has been heard: the thread ends. */
  | { readonly kind: 'end' }

export type FromWorker =
  | { readonly kind: 'ready' }
  /** The worker closes the descriptor of the next connection: nobody else may. */
  | { readonly kind: 'taken' }
  /** A connection from there has ended, or was refused because there is no memory for it. */
  | { readonly kind: 'gone'; readonly address: string; readonly refused: boolean }
  | { readonly kind: 'refusals'; readonly refusals: CountedRefusals }
  | { readonly kind: 'failed'; readonly failure: CallFailure }
  | { readonly kind: 'groups'; readonly uid: number }
  | { readonly kind: 'figures'; readonly number: number; readonly figures: ThreadFigures }
  | {
      readonly kind: 'drained'
      /** Calls without an answer. */
      readonly cutOff: number
      /** Native operations that go on: the thread cannot end before they do. */
      readonly running: number
      readonly figures: ThreadFigures
    }
  /** The last word. The thread may live on while operations that use its memory hang. */
  | {
      readonly kind: 'ending'
      readonly code: number
      /** Nobody caught it; the worker's `error` event has it. */
      readonly hasError: boolean
    }

export interface CountedRefusals {
  readonly counted: readonly CountedRefusal[]
  /** Those that are not told apart. */
  readonly others: number
}

/** As RefusalLog.report has it, that many times. */
export interface CountedRefusal {
  readonly refusal: Refusal
  readonly key: string
  readonly times: number
}

/** A handler failed with something that is no answer: a bug of ours. */
export interface CallFailure {
  readonly error: unknown
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly xid: number
  readonly client: string
  /** Failures of this kind that nobody has been told of, since the last one. */
  readonly suppressed: number
}
