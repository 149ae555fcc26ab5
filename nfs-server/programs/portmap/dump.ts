import type { RpcCall } from '../../rpc/program.ts'
import {
  PMAP_IPPROTO_TCP,
  PMAP_IPPROTO_UDP,
  type pmaplist_ptr,
  type rpcblist_ptr,
} from '../../xdr/generated/rpcbind.ts'
import { refuseAmplification } from './local-only.ts'
import type { PortmapContext } from './portmap-context.ts'
import { formatUniversalAddress } from './universal-address.ts'

/** PMAPPROC_DUMP (RFC 1833, section 3.2): what can be said in version 2, which knows IPv4 only. */
export function dump2({ registry }: PortmapContext, call: RpcCall): pmaplist_ptr {
  refuseAmplification(call)
  return registry
    .list()
    .filter(({ netid }) => netid === 'tcp' || netid === 'udp')
    .map(({ program, version, netid, port }) => ({
      map: {
        prog: program,
        vers: version,
        prot: netid === 'tcp' ? PMAP_IPPROTO_TCP : PMAP_IPPROTO_UDP,
        port,
      },
    }))
}

/** RPCBPROC_DUMP (RFC 1833, section 2.2.1). */
export function dump3({ registry }: PortmapContext, call: RpcCall): rpcblist_ptr {
  refuseAmplification(call)
  return registry.list().map((registration) => ({
    rpcb_map: {
      r_prog: registration.program,
      r_vers: registration.version,
      r_netid: registration.netid,
      r_addr: formatUniversalAddress(registration),
      r_owner: registration.owner,
    },
  }))
}
