/** Where a client's own services are, as its port mapper says (RFC 1833, section 3). */
import { type RpcClient, TcpRpcClient, UdpRpcClient } from '../rpc/client.ts'
import {
  PMAP_IPPROTO_TCP,
  PMAP_IPPROTO_UDP,
  PMAP_PORT,
  PMAP_VERS,
  PMAP_VERS_PROCEDURES as pmap,
  RPCBPROG,
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
    const prot = service.transport === 'tcp' ? PMAP_IPPROTO_TCP : PMAP_IPPROTO_UDP
    const wanted = { prog: service.program, vers: service.version, prot, port: 0 }
    port = await portmapper.call(RPCBPROG, PMAP_VERS, pmap.PMAPPROC_GETPORT, wanted)
  } finally {
    portmapper.close()
  }
  if (port === 0 || port > 65_535) throw new Error(`program ${service.program} is not registered there`)
  return await connect(service, port, timeoutMs)
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
