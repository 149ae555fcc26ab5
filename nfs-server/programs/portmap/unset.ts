import type { RpcCall } from '../../rpc/program.ts'
import type { mapping, rpcb } from '../../xdr/generated/rpcbind.ts'
import { mayRegister } from './local-only.ts'
import type { PortmapContext } from './portmap-context.ts'
import { isNetid, type Netid, netids } from './universal-address.ts'

/** PMAPPROC_UNSET (RFC 1833, section 3.2): all transports, protocol and port are ignored. */
export function unset2(context: PortmapContext, { prog, vers }: mapping, call: RpcCall): boolean {
  return unset(context, prog, vers, ['tcp', 'udp'], call)
}

/** RPCBPROC_UNSET (RFC 1833, section 2.2.1): one transport, or all if none is named. */
export function unset3(context: PortmapContext, { r_prog, r_vers, r_netid }: rpcb, call: RpcCall): boolean {
  if (r_netid === '') return unset(context, r_prog, r_vers, netids, call)
  return isNetid(r_netid) && unset(context, r_prog, r_vers, [r_netid], call)
}

function unset(
  { registry, statistics }: PortmapContext,
  program: number,
  version: number,
  wanted: readonly Netid[],
  call: RpcCall,
): boolean {
  if (!mayRegister(call) || !registry.unset(program, version, wanted)) return false
  statistics.wasUnset(call.version)
  return true
}
