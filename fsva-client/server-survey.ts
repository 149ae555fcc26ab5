import { lookup } from 'node:dns/promises'
import { MOUNT_PROGRAM, MOUNT_V3, MOUNT_V3_PROCEDURES as mount3 } from '@fsva/nfs-server/xdr/generated/mount'
import { NFS_PROGRAM, NFS_V3, NFS_V3_PROCEDURES as nfs3 } from '@fsva/nfs-server/xdr/generated/nfs3'
import {
  PMAP_VERS,
  PMAP_VERS_PROCEDURES as pmap,
  RPCBPROG,
  RPCBVERS,
  RPCBVERS_PROCEDURES as rpcb,
} from '@fsva/nfs-server/xdr/generated/rpcbind'
import { ClientError, ExitCode } from './exit-codes.ts'
import type { ServerPorts } from './mount-options.ts'
import { RpcConnection } from './rpc-connection.ts'
import { RpcFailure } from './rpc-failure.ts'

const rpcbindPort = 111
const defaultPorts = { nfs: 2049, mount: 20048 }
const nlmProgram = 100021
const nlmVersion = 4
const protocolTcp = 6

export interface GivenPorts {
  readonly nfs: number | undefined
  readonly mount: number | undefined
}

/** What the server's rpcbind knows; undefined: it does not answer, and why. */
export type RpcbindAnswer =
  | { readonly ports: ReadonlyMap<string, number>; readonly clockSkewSeconds: number | undefined }
  | { readonly failure: RpcFailure }

/** Addresses of the server, the preferred one first. Throws ClientError. */
export async function findServer(server: string): Promise<readonly [string, ...string[]]> {
  try {
    const [first, ...others] = (await lookup(server, { all: true })).map((answer) => answer.address)
    return [first ?? server, ...others]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EAI_AGAIN') {
      throw new ClientError(
        ExitCode.unreachable,
        `the name service does not answer, so "${server}" cannot be looked up`,
        'check /etc/resolv.conf and the network, or use the IP address',
      )
    }
    throw new ClientError(
      ExitCode.unreachable,
      `the name "${server}" has no address`,
      'check the spelling, or use the IP address',
    )
  }
}

/** Asks port 111 for everything registered there. */
async function askRpcbind(address: string): Promise<RpcbindAnswer> {
  let connection: RpcConnection | undefined
  try {
    connection = await RpcConnection.open(address, rpcbindPort)
    const mappings = await connection.call(RPCBPROG, PMAP_VERS, pmap.PMAPPROC_DUMP, undefined)
    const ports = new Map<string, number>()
    for (const { map } of mappings) {
      const { prog, vers, prot, port } = map
      if (prot === protocolTcp && port > 0 && port < 65536) ports.set(`${prog}.${vers}`, port)
    }
    return { ports, clockSkewSeconds: await clockSkew(connection) }
  } catch (error) {
    if (error instanceof RpcFailure) return { failure: error }
    throw error
  } finally {
    connection?.close()
  }
}

/** RPCBPROC_GETTIME (RFC 1833, section 2.2.1) has seconds, so less than two mean nothing. */
async function clockSkew(connection: RpcConnection): Promise<number | undefined> {
  try {
    const theirs = await connection.call(RPCBPROG, RPCBVERS, rpcb.RPCBPROC_GETTIME, undefined)
    return theirs - Math.floor(Date.now() / 1000)
  } catch {
    return undefined
  }
}

/** The ports to use: those given, those that rpcbind knows, else the usual ones. */
function choosePorts(given: GivenPorts, rpcbind: RpcbindAnswer): ServerPorts {
  const registered = 'ports' in rpcbind ? rpcbind.ports : new Map<string, number>()
  const nfs = registered.get(`${NFS_PROGRAM}.${NFS_V3}`)
  const mount = registered.get(`${MOUNT_PROGRAM}.${MOUNT_V3}`)
  const isGiven = given.nfs !== undefined || given.mount !== undefined
  return {
    nfs: given.nfs ?? nfs ?? defaultPorts.nfs,
    mount: given.mount ?? mount ?? defaultPorts.mount,
    fromRpcbind: !isGiven && nfs !== undefined && mount !== undefined,
    // Of the same server: with a port given, NFS may be another one's.
    nlm: registered.has(`${nlmProgram}.${nlmVersion}`) && (given.nfs ?? nfs) === nfs,
  }
}

/** One of the server's addresses, and what was found there. */
export interface Located {
  readonly address: string
  readonly rpcbind: RpcbindAnswer
  readonly ports: ServerPorts
  /** The connection, or why there is none. */
  readonly nfs: RpcConnection | ClientError
}

/**
 * The first of the addresses where NFS can be reached, as mount.nfs tries them; the first of all if it is none.
 * A server may well listen on IPv4 only and have a name with IPv6 addresses, too.
 */
export async function locate(
  server: string,
  addresses: readonly [string, ...string[]],
  given: GivenPorts,
): Promise<Located> {
  let first: Located | undefined
  for (const address of addresses) {
    const rpcbind = await askRpcbind(address)
    const ports = choosePorts(given, rpcbind)
    try {
      return { address, rpcbind, ports, nfs: await reachNfs(server, address, ports.nfs) }
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      first ??= { address, rpcbind, ports, nfs: error }
    }
  }
  return first!
}

/** A connection to the server's NFS service, whose version 3 has answered. Throws ClientError. */
function reachNfs(server: string, address: string, port: number): Promise<RpcConnection> {
  const option = 'port='
  return reach(server, address, port, 'NFS', option, (connection) =>
    connection.call(NFS_PROGRAM, NFS_V3, nfs3.NFSPROC3_NULL, undefined),
  )
}

/** A connection to the server's MOUNT service, whose version 3 has answered. Throws ClientError. */
export function reachMount(server: string, address: string, port: number): Promise<RpcConnection> {
  const option = 'mountport='
  return reach(server, address, port, 'MOUNT', option, (connection) =>
    connection.call(MOUNT_PROGRAM, MOUNT_V3, mount3.MOUNTPROC3_NULL, undefined),
  )
}

async function reach(
  server: string,
  address: string,
  port: number,
  service: 'NFS' | 'MOUNT',
  option: string,
  ping: (connection: RpcConnection) => Promise<unknown>,
): Promise<RpcConnection> {
  let connection: RpcConnection | undefined
  try {
    connection = await RpcConnection.open(address, port)
    await ping(connection)
    return connection
  } catch (error) {
    connection?.close()
    if (!(error instanceof RpcFailure)) throw error
    throw explain(error, `${server} (${address})`, port, service, option)
  }
}

function explain(
  failure: RpcFailure,
  server: string,
  port: number,
  service: 'NFS' | 'MOUNT',
  option: string,
): ClientError {
  const where = `${service} on ${server} port ${port}`
  switch (failure.kind) {
    case 'closed':
      return new ClientError(
        ExitCode.unreachable,
        `${where}: nothing listens there; the machine is up, the service is not`,
        `start the server, let it listen on this address (--listen), or give its port: -o ${option}PORT`,
      )
    case 'timeout':
      return new ClientError(
        ExitCode.unreachable,
        `${where}: ${failure.message}`,
        'the machine is down or a firewall drops packets: check with ping, and open the port',
      )
    case 'unreachable':
      return new ClientError(ExitCode.unreachable, `${where}: ${failure.message}`, 'check network and routes')
    case 'program':
    case 'version':
      return new ClientError(
        ExitCode.versionRefused,
        `${where}: answers, but ${failure.message}; version 3 is needed`,
        `if another service has this port, give the right one: -o ${option}PORT`,
      )
    case 'denied':
      return new ClientError(ExitCode.exportRefused, `${where}: ${failure.message}`)
    default:
      return new ClientError(
        ExitCode.failed,
        `${where}: something answers, but not as ${service} should: ${failure.message}`,
        `if another service has this port, give the right one: -o ${option}PORT`,
      )
  }
}
