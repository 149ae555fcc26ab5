import type { RpcCall } from '../../rpc/program.ts'
import type { mapping } from '../../xdr/generated/rpcbind.ts'
import type { PortmapContext } from './portmap-context.ts'
import { netidOfProtocol } from './set.ts'

/** PMAPPROC_GETPORT (RFC 1833, section 3.2): 0 means not registered. */
export function getport(context: PortmapContext, { prog, vers, prot }: mapping, call: RpcCall): number {
  const netid = netidOfProtocol(prot)
  if (netid === undefined) return 0
  const found = context.registry.findAnyVersion(prog, vers, netid)
  context.statistics.lookedUp(call.version, prog, vers, netid, found !== undefined)
  return found?.port ?? 0
}
