import type { RpcCall } from '../../rpc/program.ts'
import type { nlm4_res, nlm4_unlockargs } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'

/** Also in the grace period: a client may have given up a lock before it could reclaim it. */
export async function unlock(
  { manager }: NlmContext,
  { cookie, alock }: nlm4_unlockargs,
  call: RpcCall,
): Promise<nlm4_res> {
  return { cookie, stat: { stat: await manager.unlock(call, alock) } }
}
