import type { RpcCall } from '../../rpc/program.ts'
import type { stat_chge } from '../../xdr/generated/nsm.ts'
import type { NsmContext } from './nsm-context.ts'

/** The sender's machine has restarted: what it had locked is nobody's. It speaks for its own address only. */
export async function notify(
  { clientRestarted }: NsmContext,
  { mon_name }: stat_chge,
  { caller }: RpcCall,
): Promise<undefined> {
  await clientRestarted(caller.address, mon_name)
}
