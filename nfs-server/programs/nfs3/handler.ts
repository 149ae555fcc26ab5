import type { RpcCall } from '../../rpc/program.ts'
import type { Answer } from '../../vfs/vfs.ts'

/** One procedure over one Vfs. It answers at once when the Vfs does. */
export type Handler<Args, Result> = (args: Args, call: Pick<RpcCall, 'caller'>) => Answer<Result>
