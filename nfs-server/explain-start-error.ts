import { StateDirectoryError } from './backend.ts'
import { ConfigError } from './config/config-error.ts'
import { RegistrationError } from './programs/portmap/register.ts'
import { DeviceError } from './side-channel/device-error.ts'

/** A socket that the server could not open. */
export class ListenError extends Error {
  readonly service: 'NFS' | 'MOUNT' | 'rpcbind' | 'metrics' | 'side channel'
  /** Or a Unix socket's path. */
  readonly address: string
  readonly port: number
  readonly code: string

  constructor(service: ListenError['service'], address: string, port: number, cause: unknown) {
    super(`cannot listen for ${service}: ${(cause as Error).message}`, { cause })
    this.name = 'ListenError'
    this.service = service
    this.address = address
    this.port = port
    this.code = (cause as NodeJS.ErrnoException).code ?? ''
  }
}

const portOption = {
  NFS: '--port N (0 for any free one)',
  MOUNT: '--mount-port N (0 for any free one)',
  rpcbind: '--no-rpcbind (clients then need the mount options port= and mountport=)',
  metrics: '--metrics-port N (0 for any free one)',
  'side channel': 'another side_channel.port (0 for any free one)',
} as const

/** Why the server did not start, and what to do about it, for a person to read. */
export function explainStartError(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof StateDirectoryError)
    return `${error.message} (--state-dir DIR chooses another directory)`
  if (error instanceof RegistrationError) {
    return `cannot make our ports known on port 111: ${error.message}; use --no-rpcbind, or --rpcbind auto`
  }
  if (error instanceof DeviceError) return `side_channel.devices: ${error.message}`
  if (error instanceof ListenError) return explainListenError(error)
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function explainListenError(error: ListenError): string {
  const { service, address, port, code } = error
  if (address.startsWith('/')) return explainSocketError(error)
  const where = `${address} port ${port} (${service})`
  const instead = `use ${portOption[service]}`
  if (code === 'EADDRINUSE') {
    return (
      `${where} is in use by another program, perhaps another NFS server ` +
      `(ss -tulnp 'sport = :${port}' shows which): stop that one, or ${instead}`
    )
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return `no permission to listen on ${where}: ports below 1024 need root or CAP_NET_BIND_SERVICE; ${instead}`
  }
  if (code === 'EADDRNOTAVAIL') {
    return `${address} is not an address of this machine ("ip address" lists them): correct --listen`
  }
  return error.message
}

function explainSocketError({ address, code, message }: ListenError): string {
  const instead = 'or choose another side_channel.socket'
  if (code === 'EADDRINUSE') return `another server, or a file, is at ${address}: end or move it, ${instead}`
  if (code === 'EACCES') return `no permission to make the socket ${address}: ${instead}`
  return message
}
