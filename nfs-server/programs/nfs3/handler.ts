import type { RpcCall } from '../../rpc/program.ts'
import type { Answer } from '../../vfs/vfs.ts'

/** What procedures use of their call. */
export type CallContext = Pick<RpcCall, 'caller'> & Partial<Pick<RpcCall, 'intent'>>

/** One procedure over one Vfs. It answers at once when the Vfs does. */
export type Handler<Args, Result> = (args: Args, call: CallContext) => Answer<Result>
