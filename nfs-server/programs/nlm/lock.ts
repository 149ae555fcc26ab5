import type { RpcCall } from '../../rpc/program.ts'
import type { nlm4_lockargs, nlm4_res } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'

/** BLOCKED: the client hears by GRANTED when it has the lock. */
export async function lock(
  { manager }: NlmContext,
  { cookie, block, exclusive, alock, reclaim }: nlm4_lockargs,
  call: RpcCall,
): Promise<nlm4_res> {
  return { cookie, stat: { stat: await manager.lock(call, exclusive, alock, { block, reclaim, cookie }) } }
}
