import type { RpcCall } from '../../rpc/program.ts'
import type { sm_stat } from '../../xdr/generated/nsm.ts'
import { requireLocal } from './local-only.ts'
import type { NsmContext } from './nsm-context.ts'

/** SM_UNMON and SM_UNMON_ALL: nobody was monitored for the caller (mon.ts). */
export function unmon({ state }: NsmContext, call: RpcCall): sm_stat {
  requireLocal(call)
  return { state: state() }
}
