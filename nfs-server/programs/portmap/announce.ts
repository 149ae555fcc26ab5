/** How clients that ask port 111 find our programs: through the system's rpcbind if there is one, else through ours. */
import type { RpcProgram } from '../../rpc/program.ts'
import { PMAP_VERS, RPCB_PORT, RPCBPROG, RPCBVERS, RPCBVERS4 } from '../../xdr/generated/rpcbind.ts'
import { createPortmapProgram } from './program.ts'
import { RegistrationError, registerServices, type Service, unregisterServices } from './register.ts'
import { Registry } from './registry.ts'
import { connectSystemRpcbind } from './system-rpcbind.ts'
import { type HostPort, netidOf } from './universal-address.ts'

export interface AnnounceOptions {
  /** 'auto' registers where a system rpcbind answers and serves where none does, and puts up with neither. */
  readonly mode: 'auto' | 'register' | 'serve' | 'off'
  readonly services: readonly Service[]
  /** IP addresses to serve port 111 on. */
  readonly addresses: readonly string[]
  /** Serves a program on port 111 of those addresses, by TCP and UDP. */
  readonly serve: (program: RpcProgram) => Promise<unknown>
  /** Why clients will not find us by themselves, if 'auto' had to put up with that. */
  readonly onWarning: (message: string) => void
}

export interface Announcement {
  readonly how: 'registered' | 'served' | 'none'
  /** Before the services end. Never fails. */
  withdraw(): Promise<void>
}

/** What there is to announce about versions of one program that listen on some addresses. */
export function listeningServices(
  program: number,
  versions: readonly number[],
  transports: readonly ('tcp' | 'udp')[],
  addresses: readonly HostPort[],
): Service[] {
  return versions.flatMap((version) =>
    transports.flatMap((transport) =>
      addresses.map(({ host, port }) => ({
        program,
        version,
        netid: netidOf(transport, host),
        host,
        port,
      })),
    ),
  )
}

/** Who listens on the IPv6 wildcard address is reached by IPv4, too. */
function withDualStack(services: readonly Service[]): Service[] {
  return services.flatMap((service) =>
    service.host === '::'
      ? [service, { ...service, netid: service.netid.startsWith('tcp') ? 'tcp' : 'udp', host: '0.0.0.0' }]
      : [service],
  )
}

const nothing: Announcement = { how: 'none', withdraw: async () => {} }

export async function announce(options: AnnounceOptions): Promise<Announcement> {
  const { mode, onWarning } = options
  const services = withDualStack(options.services)
  if (mode === 'off') return nothing
  try {
    if (mode !== 'serve') {
      const registered = await register(services)
      if (registered !== undefined) return registered
      if (mode === 'register') throw new RegistrationError('no rpcbind answers on this machine')
    }
    return await serve({ ...options, services })
  } catch (error) {
    if (mode !== 'auto') throw error
    onWarning(`clients must be told the ports: ${(error as Error).message}`)
    return nothing
  }
}

/** Undefined if there is no rpcbind to register with. */
async function register(services: readonly Service[]): Promise<Announcement | undefined> {
  const rpcbind = await connectSystemRpcbind()
  if (rpcbind === undefined) return undefined
  try {
    await registerServices(rpcbind, services)
  } finally {
    rpcbind.close()
  }
  return { how: 'registered', withdraw: () => withdraw(services) }
}

/** With a connection of its own: rpcbind may have been restarted meanwhile. */
async function withdraw(services: readonly Service[]): Promise<void> {
  const rpcbind = await connectSystemRpcbind()
  if (rpcbind === undefined) return
  try {
    await unregisterServices(rpcbind, services)
  } catch {
    // Stale registrations are a nuisance that the next start clears up; nothing else can be done about them now.
  } finally {
    rpcbind.close()
  }
}

async function serve({ services, addresses, serve }: AnnounceOptions): Promise<Announcement> {
  const registry = new Registry()
  const own = { owner: 'superuser', isOwn: true }
  const portmap = listeningServices(
    RPCBPROG,
    [PMAP_VERS, RPCBVERS, RPCBVERS4],
    ['tcp', 'udp'],
    addresses.map((host) => ({ host, port: RPCB_PORT })),
  )
  for (const service of [...withDualStack(portmap), ...services]) registry.set({ ...service, ...own })
  await serve(createPortmapProgram(registry))
  return { how: 'served', withdraw: async () => registry.unsetOwn() }
}
