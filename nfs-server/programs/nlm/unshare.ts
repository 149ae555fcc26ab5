import type { RpcCall } from '../../rpc/program.ts'
import { type nlm4_shareargs, type nlm4_shareres, nlm4_stats } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'
import { keyOf } from './owner.ts'

export function unshare(
  { clients, shares }: NlmContext,
  { cookie, share }: Pick<nlm4_shareargs, 'cookie' | 'share'>,
  { caller }: RpcCall,
): nlm4_shareres {
  const client = clients.findOrAdd(caller.address, keyOf(share.caller_name))
  if (client !== undefined) shares.unshare(client, share.fh, share.oh)
  return { cookie, stat: nlm4_stats.NLM4_GRANTED, sequence: 0 }
}
