import { type nlm4_res, nlm4_stats, type nlm4_testargs } from '../../xdr/generated/nlm.ts'

/** For clients, which we are not: nothing of ours waits for a lock elsewhere. */
export function granted({ cookie }: Pick<nlm4_testargs, 'cookie'>): nlm4_res {
  return { cookie, stat: { stat: nlm4_stats.NLM4_DENIED } }
}
