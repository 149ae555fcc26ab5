import type { RpcCall } from '../../rpc/program.ts'
import type { nlm4_cancargs, nlm4_res } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'

export async function cancel(
  { manager }: NlmContext,
  { cookie, exclusive, alock }: nlm4_cancargs,
  call: RpcCall,
): Promise<nlm4_res> {
  return { cookie, stat: { stat: await manager.cancel(call, exclusive, alock) } }
}
