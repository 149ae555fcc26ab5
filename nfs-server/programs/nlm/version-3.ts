/** Versions 1 and 3 said in version 4's terms: 32-bit offsets, fewer status values, else the same. */
import type * as nlm from '../../xdr/generated/nlm.ts'
import { nlm4_stats } from '../../xdr/generated/nlm.ts'
import { statusBeforeVersion4 } from './status.ts'

const uint32Max = 0xffff_ffffn

function lockFrom({ l_offset, l_len, ...names }: nlm.nlm_lock): nlm.nlm4_lock {
  return { ...names, l_offset: BigInt(l_offset), l_len: BigInt(l_len) }
}

/** Arguments of any procedure that has a lock in them. */
export function argumentsFrom<A extends { readonly alock: nlm.nlm_lock }>(
  args: A,
): Omit<A, 'alock'> & { readonly alock: nlm.nlm4_lock } {
  return { ...args, alock: lockFrom(args.alock) }
}

export function resultFor({ cookie, stat: { stat } }: nlm.nlm4_res): nlm.nlm_res {
  return { cookie, stat: { stat: statusBeforeVersion4(stat) } }
}

export function testResultFor({ cookie, test_stat }: nlm.nlm4_testres): nlm.nlm_testres {
  if (test_stat.stat !== nlm4_stats.NLM4_DENIED) {
    const stat = statusBeforeVersion4(test_stat.stat)
    if (stat !== nlm4_stats.NLM4_DENIED) return { cookie, test_stat: { stat } }
    return { cookie, test_stat: { stat: nlm4_stats.NLM4_DENIED_NOLOCKS } }
  }
  const { holder, stat } = test_stat
  const { l_offset, l_len } = holder
  const end = l_len === 0n ? uint32Max + 1n : l_offset + l_len
  const clipped = {
    ...holder,
    l_offset: Number(l_offset > uint32Max ? uint32Max : l_offset),
    // What reaches beyond 32 bits reaches to the end.
    l_len: end > uint32Max ? 0 : Number(l_len),
  }
  return { cookie, test_stat: { stat, holder: clipped } }
}

export function shareResultFor({ stat, ...rest }: nlm.nlm4_shareres): nlm.nlm_shareres {
  return { ...rest, stat: statusBeforeVersion4(stat) }
}

/** The other way round, for GRANTED to a client that speaks version 1 or 3. */
export function grantedFor({ cookie, exclusive, alock }: nlm.nlm4_testargs): nlm.nlm_testargs {
  const { l_offset, l_len, ...names } = alock
  return { cookie, exclusive, alock: { ...names, l_offset: Number(l_offset), l_len: Number(l_len) } }
}
