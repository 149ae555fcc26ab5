import type { RpcCall } from '../../rpc/program.ts'
import { sm_res, type sm_stat_res } from '../../xdr/generated/nsm.ts'
import { requireLocal } from './local-only.ts'
import type { NsmContext } from './nsm-context.ts'

/** The only lock manager that this monitor works for is in the same process and does not have to ask. */
export function mon({ state }: NsmContext, call: RpcCall): sm_stat_res {
  requireLocal(call)
  return { res_stat: sm_res.STAT_FAIL, state: state() }
}
