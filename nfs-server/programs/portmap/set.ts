import type { RpcCall } from '../../rpc/program.ts'
import {
  type mapping,
  PMAP_IPPROTO_TCP,
  PMAP_IPPROTO_UDP,
  RPCBPROG,
  type rpcb,
} from '../../xdr/generated/rpcbind.ts'
import { mayRegister } from './local-only.ts'
import type { PortmapContext } from './portmap-context.ts'
import { type HostPort, isNetid, type Netid, parseUniversalAddress } from './universal-address.ts'

/** Whoever may register is root, as rpcbind calls it. */
const owner = 'superuser'

/** PMAPPROC_SET (RFC 1833, section 3.2). */
export function set2(context: PortmapContext, { prog, vers, prot, port }: mapping, call: RpcCall): boolean {
  const netid = netidOfProtocol(prot)
  return netid !== undefined && set(context, prog, vers, netid, { host: '0.0.0.0', port }, call)
}

/** RPCBPROC_SET (RFC 1833, section 2.2.1). */
export function set3(context: PortmapContext, args: rpcb, call: RpcCall): boolean {
  const address = parseUniversalAddress(args.r_addr)
  if (address === undefined || !isNetid(args.r_netid)) return false
  return set(context, args.r_prog, args.r_vers, args.r_netid, address, call)
}

function set(
  { registry, statistics }: PortmapContext,
  program: number,
  version: number,
  netid: Netid,
  { host, port }: HostPort,
  call: RpcCall,
): boolean {
  if (!mayRegister(call) || program === RPCBPROG || port === 0 || port > 0xffff) return false
  if (!registry.set({ program, version, netid, host, port, owner, isOwn: false })) return false
  statistics.wasSet(call.version)
  return true
}

/** The transports that version 2 knows. */
export function netidOfProtocol(protocol: number): 'tcp' | 'udp' | undefined {
  if (protocol === PMAP_IPPROTO_TCP) return 'tcp'
  return protocol === PMAP_IPPROTO_UDP ? 'udp' : undefined
}
