import type { RpcCall } from '../../rpc/program.ts'
import type { nlm4_notify } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'
import { keyOf } from './owner.ts'

/** The client has restarted and has no status monitor that would say so. */
export async function freeAll(
  { manager, clients, shares }: NlmContext,
  { name }: nlm4_notify,
  { caller }: RpcCall,
): Promise<undefined> {
  const wanted = keyOf(name)
  for (const client of clients.at(caller.address)) {
    if (client.name !== wanted) continue
    shares.freeClient(client)
    await manager.freeClient(client)
  }
}
