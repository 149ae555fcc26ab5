/** Where a client's own services are, as its port mapper says (RFC 1833, sections 2 and 3). */
import { isIPv6 } from 'node:net'
import { parseUniversalAddress } from '../programs/portmap/universal-address.ts'
import { type RpcClient, TcpRpcClient, UdpRpcClient } from '../rpc/client.ts'
import {
  PMAP_IPPROTO_TCP,
  PMAP_IPPROTO_UDP,
  PMAP_PORT,
  PMAP_VERS,
  PMAP_VERS_PROCEDURES as pmap,
  RPCBPROG,
  RPCBVERS,
  RPCBVERS_PROCEDURES as rpcb,
} from '../xdr/generated/rpcbind.ts'

export interface ClientService {
  /** Of the client. */
  readonly address: string
  /** The address of ours that the client knows us by; a wildcard if that is unknown. */
  readonly localAddress: string
  readonly transport: 'tcp' | 'udp'
  readonly program: number
  readonly version: number
}

export interface ClientPortOptions {
  /** Time for each of the two calls. */
  readonly timeoutMs: number
  /** Another port than 111, for tests. */
  readonly portmapperPort?: number | undefined
}

/** Clients may ask who calls: root does. */
const credential = { uid: 0, gid: 0 }

/** Connects to a service of a client. Rejects if it is not registered or does not answer. To be closed by the caller. */
export async function connectToClient(
  service: ClientService,
  { timeoutMs, portmapperPort = PMAP_PORT }: ClientPortOptions,
): Promise<RpcClient> {
  const portmapper = await connect(service, portmapperPort, timeoutMs)
  let port: number
  try {
    port = await askPort(portmapper, service)
  } finally {
    portmapper.close()
  }
  if (port === 0 || port > 65_535) throw new Error(`program ${service.program} is not registered there`)
  return await connect(service, port, timeoutMs)
}

/** Version 2 speaks of IPv4 alone, and everybody speaks it. */
async function askPort(portmapper: RpcClient, service: ClientService): Promise<number> {
  const { address, program, version, transport } = service
  if (!isIPv6(address)) {
    const prot = transport === 'tcp' ? PMAP_IPPROTO_TCP : PMAP_IPPROTO_UDP
    const wanted = { prog: program, vers: version, prot, port: 0 }
    return await portmapper.call(RPCBPROG, PMAP_VERS, pmap.PMAPPROC_GETPORT, wanted)
  }
  const wanted = { r_prog: program, r_vers: version, r_netid: `${transport}6`, r_addr: '', r_owner: '' }
  const found = await portmapper.call(RPCBPROG, RPCBVERS, rpcb.RPCBPROC_GETADDR, wanted)
  return parseUniversalAddress(found)?.port ?? 0
}

function connect(
  { address, localAddress, transport }: ClientService,
  port: number,
  timeoutMs: number,
): Promise<RpcClient> {
  const options = { timeoutMs, credential }
  const from = isSpecific(localAddress) ? { localAddress } : {}
  if (transport === 'tcp') return TcpRpcClient.connect({ host: address, port, ...from }, options)
  return Promise.resolve(new UdpRpcClient(address, port, { ...options, ...from }))
}

/** Whether the address is one that a socket of ours can have as its own and a client can know. */
export function isSpecific(address: string): boolean {
  return address !== '' && address !== '0.0.0.0' && address !== '::'
}
