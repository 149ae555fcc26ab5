import type { RpcCall } from '../../rpc/program.ts'
import type { rpcb, rpcb_entry_list_ptr } from '../../xdr/generated/rpcbind.ts'
import { refuseAmplification } from './local-only.ts'
import type { PortmapContext } from './portmap-context.ts'
import { reachableAddress } from './reachable-address.ts'
import { netids } from './universal-address.ts'

/** Values of nc_semantics (RFC 1833, section 2.1): datagrams, and streams with orderly release. */
const connectionless = 1
const connectionOrderly = 3

/** RPCBPROC_GETADDRLIST (RFC 1833, section 2.2.2): every transport over which exactly this version is reached. */
export function getaddrlist({ registry }: PortmapContext, args: rpcb, call: RpcCall): rpcb_entry_list_ptr {
  refuseAmplification(call)
  return netids.flatMap((netid) => {
    const found = registry.find(args.r_prog, args.r_vers, netid)
    if (found === undefined) return []
    const protocol = netid.startsWith('tcp') ? 'tcp' : 'udp'
    return {
      rpcb_entry_map: {
        r_maddr: reachableAddress(found, args.r_addr, call),
        r_nc_netid: netid,
        r_nc_semantics: protocol === 'tcp' ? connectionOrderly : connectionless,
        r_nc_protofmly: netid.endsWith('6') ? 'inet6' : 'inet',
        r_nc_proto: protocol,
      },
    }
  })
}
