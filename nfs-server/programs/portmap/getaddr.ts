import type { RpcCall } from '../../rpc/program.ts'
import type { rpcb } from '../../xdr/generated/rpcbind.ts'
import type { PortmapContext } from './portmap-context.ts'
import { reachableAddress } from './reachable-address.ts'
import type { Registration } from './registry.ts'
import { isNetid, type Netid, netidOf } from './universal-address.ts'

/** RPCBPROC_GETADDR (RFC 1833, section 2.2.1): any version will do; an empty string means not registered. */
export function getaddr(context: PortmapContext, args: rpcb, call: RpcCall): string {
  const netid = netidWanted(args, call)
  return answer(context, context.registry.findAnyVersion(args.r_prog, args.r_vers, netid), args, netid, call)
}

/** RPCBPROC_GETVERSADDR (RFC 1833, section 2.2.2): the version asked for, or nothing. */
export function getversaddr(context: PortmapContext, args: rpcb, call: RpcCall): string {
  const netid = netidWanted(args, call)
  return answer(context, context.registry.find(args.r_prog, args.r_vers, netid), args, netid, call)
}

/** By the letter the transport of the request decides; those who name another know what they want. */
function netidWanted({ r_netid }: rpcb, call: RpcCall): Netid {
  return isNetid(r_netid) ? r_netid : netidOf(call.transport, call.caller.address)
}

function answer(
  { statistics }: PortmapContext,
  found: Registration | undefined,
  { r_prog, r_vers, r_addr }: rpcb,
  netid: Netid,
  call: RpcCall,
): string {
  statistics.lookedUp(call.version, r_prog, r_vers, netid, found !== undefined)
  return found === undefined ? '' : reachableAddress(found, r_addr, call)
}
