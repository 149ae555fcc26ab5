import type { RpcCall } from '../../rpc/program.ts'
import type { nlm4_lockargs, nlm4_res } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'

/** For clients without a status monitor: nobody will tell them of a restart, so there is nothing to reclaim either. */
export async function nmLock(
  { manager }: NlmContext,
  { cookie, block, exclusive, alock }: nlm4_lockargs,
  call: RpcCall,
): Promise<nlm4_res> {
  const how = { block, reclaim: false, cookie }
  return { cookie, stat: { stat: await manager.lock(call, exclusive, alock, how, 'unmonitored') } }
}
