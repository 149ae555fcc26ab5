/** Makes our programs known to the system's rpcbind, and takes them back (RFC 1833, section 2.2.1). */
import { type RpcClient, TcpRpcClient, UdpRpcClient } from '../../rpc/client.ts'
import { RPCBPROG, RPCBVERS4, RPCBVERS4_PROCEDURES as v4 } from '../../xdr/generated/rpcbind.ts'
import { decodeVoid, encodeVoid, type Procedure } from '../../xdr/procedure.ts'
import {
  formatUniversalAddress,
  type HostPort,
  isWildcard,
  type Netid,
  parseUniversalAddress,
} from './universal-address.ts'

/** One version of a program of ours, and where it listens. */
export interface Service extends HostPort {
  readonly program: number
  readonly version: number
  readonly netid: Netid
}

/** Another server, which is alive, has registered the same program; or rpcbind does not take orders from us. */
export class RegistrationError extends Error {
  override readonly name = 'RegistrationError'
}

const probeTimeoutMs = 1000

const ping: Procedure<undefined, undefined> = {
  number: 0,
  name: 'NULL',
  decodeArguments: decodeVoid,
  encodeArguments: encodeVoid,
  decodeResult: decodeVoid,
  encodeResult: encodeVoid,
}

/**
 * Registers all services, or none and throws RegistrationError. What a server that is gone has left behind is replaced;
 * what one that still answers has registered is not touched.
 */
export async function registerServices(rpcbind: RpcClient, services: readonly Service[]): Promise<void> {
  const done: Service[] = []
  try {
    for (const service of services) {
      await registerService(rpcbind, service)
      done.push(service)
    }
  } catch (error) {
    await unregisterServices(rpcbind, done)
    throw error
  }
}

/** Takes back what `registerServices` registered; registrations that somebody else has made since stay. */
export async function unregisterServices(rpcbind: RpcClient, services: readonly Service[]): Promise<void> {
  for (const service of services) {
    const known = await findRegistered(rpcbind, service)
    if (known === formatUniversalAddress(service)) {
      await rpcbind.call(RPCBPROG, RPCBVERS4, v4.RPCBPROC_UNSET, rpcbOf(service))
    }
  }
}

async function registerService(rpcbind: RpcClient, service: Service): Promise<void> {
  if (await rpcbind.call(RPCBPROG, RPCBVERS4, v4.RPCBPROC_SET, rpcbOf(service))) return
  const name = `program ${service.program} version ${service.version} (${service.netid})`
  const known = await findRegistered(rpcbind, service)
  if (known === undefined) throw new RegistrationError(`rpcbind refuses to register ${name}`)
  if (await answers(service, known)) {
    throw new RegistrationError(`${name} is registered with rpcbind by another server, at ${known}`)
  }
  await rpcbind.call(RPCBPROG, RPCBVERS4, v4.RPCBPROC_UNSET, rpcbOf(service))
  if (!(await rpcbind.call(RPCBPROG, RPCBVERS4, v4.RPCBPROC_SET, rpcbOf(service)))) {
    throw new RegistrationError(`rpcbind does not give up the old registration of ${name}`)
  }
}

/** The universal address that is registered now. */
async function findRegistered(rpcbind: RpcClient, service: Service): Promise<string | undefined> {
  const list = await rpcbind.call(RPCBPROG, RPCBVERS4, v4.RPCBPROC_DUMP, undefined)
  return list.find(
    ({ rpcb_map: { r_prog, r_vers, r_netid } }) =>
      r_prog === service.program && r_vers === service.version && r_netid === service.netid,
  )?.rpcb_map.r_addr
}

/** Whether anybody serves the program at a registered address. */
async function answers(service: Service, universalAddress: string): Promise<boolean> {
  const address = parseUniversalAddress(universalAddress)
  if (address === undefined) return false
  const { port } = address
  const loopback = service.netid.endsWith('6') ? '::1' : '127.0.0.1'
  const host = isWildcard(address.host) ? loopback : address.host
  let client: RpcClient | undefined
  try {
    client = service.netid.startsWith('tcp')
      ? await TcpRpcClient.connect({ host, port }, { timeoutMs: probeTimeoutMs })
      : new UdpRpcClient(host, port, { timeoutMs: probeTimeoutMs })
    await client.call(service.program, service.version, ping, undefined)
    return true
  } catch {
    return false
  } finally {
    client?.close()
  }
}

function rpcbOf(service: Service) {
  return {
    r_prog: service.program,
    r_vers: service.version,
    r_netid: service.netid,
    r_addr: formatUniversalAddress(service),
    // rpcbind takes the owner from the socket; this is for those who do not.
    r_owner: String(process.getuid?.() ?? 0),
  }
}
