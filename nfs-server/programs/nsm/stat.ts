import { sm_res, type sm_stat_res } from '../../xdr/generated/nsm.ts'
import type { NsmContext } from './nsm-context.ts'

/** Whether we would monitor that host: see mon.ts. */
export function stat({ state }: NsmContext): sm_stat_res {
  return { res_stat: sm_res.STAT_FAIL, state: state() }
}
