import type { RpcCall } from '../../rpc/program.ts'
import { errno } from '../../vfs/errno.ts'
import { type nlm4_shareargs, type nlm4_shareres, nlm4_stats } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'
import { keyOf } from './owner.ts'
import { statusFromErrno } from './status.ts'

export async function share(
  { vfs, clients, shares, grace }: NlmContext,
  { cookie, share: wanted, reclaim }: nlm4_shareargs,
  { caller }: RpcCall,
): Promise<nlm4_shareres> {
  const answer = (stat: nlm4_stats) => ({ cookie, stat, sequence: 0 })
  if (!grace.admits(caller.address, reclaim)) return answer(nlm4_stats.NLM4_DENIED_GRACE_PERIOD)
  // Only of a file that is there, and that the client may ask about.
  const { status } = await vfs.getattr(caller, wanted.fh)
  if (status !== errno.OK) return answer(statusFromErrno(status))
  const client = clients.findOrAdd(caller.address, keyOf(wanted.caller_name))
  return answer(client === undefined ? nlm4_stats.NLM4_DENIED_NOLOCKS : shares.share(client, wanted))
}
