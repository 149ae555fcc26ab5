import { isIPv6 } from 'node:net'
import type { RpcbindMode } from './config/settings.ts'
import { explainStartError, ListenError } from './explain-start-error.ts'
import { listenEverywhere } from './listen.ts'
import type { Logger } from './log.ts'
import { createPortmapProgram } from './programs/portmap/program.ts'
import {
  RegistrationError,
  registerServices,
  type Service,
  unregisterServices,
} from './programs/portmap/register.ts'
import { Registry } from './programs/portmap/registry.ts'
import { connectSystemRpcbind } from './programs/portmap/system-rpcbind.ts'
import { type RpcClient, TcpRpcClient } from './rpc/client.ts'
import type { Dispatcher } from './rpc/dispatch.ts'
import type { ListenAddress, RpcListener } from './rpc/listener.ts'
import type { RpcProgram } from './rpc/program.ts'
import { PMAP_PORT } from './xdr/generated/rpcbind.ts'

/** A program of ours, where it listens, and by what transports. */
export interface OfferedProgram {
  readonly program: RpcProgram
  readonly addresses: readonly ListenAddress[]
  readonly transports: readonly ('tcp' | 'udp')[]
  /** Another server may have it: then we go on without. */
  readonly isOptional?: boolean
}

export interface Port111Options {
  readonly mode: RpcbindMode
  /** Where to listen when we serve the protocol. */
  readonly addresses: readonly string[]
  readonly listener: RpcListener
  readonly dispatcherFor: (program: RpcProgram) => Dispatcher
  readonly offered: readonly OfferedProgram[]
  readonly log: Logger
}

/** How clients find our ports: what was done about it, and how to take it back. */
export interface Port111 {
  readonly state: 'registered' | 'served' | 'none'
  close(): Promise<void>
}

const probeTimeoutMs = 2000

const nothing: Port111 = { state: 'none', close: async () => {} }

/**
 * Makes the programs known by port 111: 'auto' registers with the rpcbind that runs, else serves the protocol, else
 * goes on without and says what clients need. The other modes reject if they cannot be had.
 */
export async function announceOnPort111(options: Port111Options): Promise<Port111> {
  const { mode, log } = options
  if (mode === 'off') return nothing
  try {
    if (mode !== 'serve') {
      const registered = await register(options)
      if (registered !== undefined) return registered
      if (mode === 'register') throw new RegistrationError('no rpcbind runs on this machine')
    }
    return await serve(options)
  } catch (error) {
    const isExpected = error instanceof RegistrationError || error instanceof ListenError
    if (mode !== 'auto' || !isExpected) throw error
    const [nfs, mount] = options.offered.map((offered) => offered.addresses[0]?.port)
    const why = error instanceof ListenError ? explainStartError(error) : error.message
    log.warn(
      `clients cannot ask port 111 for our ports: ${why}. They need the mount options ` +
        `port=${nfs},mountport=${mount},mountproto=tcp; --no-rpcbind silences this`,
    )
    return nothing
  }
}

async function register({ offered, log }: Port111Options): Promise<Port111 | undefined> {
  if (!(await isPort111Open())) return undefined
  const rpcbind = await connectSystemRpcbind()
  if (rpcbind === undefined) return undefined
  const services: Service[] = []
  try {
    for (const program of offered) services.push(...(await registerOne(rpcbind, program, log)))
  } catch (error) {
    await unregisterServices(rpcbind, services)
    throw error
  } finally {
    // Kept open it would only be closed by rpcbind some day.
    rpcbind.close()
  }
  log.info("registered with this machine's rpcbind")
  return { state: 'registered', close: () => takeBack(services, log) }
}

async function registerOne(
  rpcbind: RpcClient,
  offered: OfferedProgram,
  log: Logger,
): Promise<readonly Service[]> {
  const services = servicesOf([offered])
  try {
    await registerServices(rpcbind, services)
    return services
  } catch (error) {
    if (!offered.isOptional || !(error instanceof RegistrationError)) throw error
    log.warn(`${error.message}: it stays there, and what clients tell it does not reach us`)
    return []
  }
}

/**
 * Whether clients of this network namespace have a port 111 to ask. The local socket of rpcbind alone does not say
 * so: in a container it may lead to the rpcbind of the host.
 */
async function isPort111Open(): Promise<boolean> {
  try {
    const client = await TcpRpcClient.connect(
      { host: '127.0.0.1', port: PMAP_PORT },
      { timeoutMs: probeTimeoutMs },
    )
    client.close()
    return true
  } catch {
    return false
  }
}

async function takeBack(services: readonly Service[], log: Logger): Promise<void> {
  const rpcbind = await connectSystemRpcbind()
  try {
    if (rpcbind !== undefined) await unregisterServices(rpcbind, services)
  } catch (error) {
    log.warn({ err: error }, 'cannot take our registration with rpcbind back')
  } finally {
    rpcbind?.close()
  }
}

async function serve(options: Port111Options): Promise<Port111> {
  const { addresses, listener, dispatcherFor, offered, log } = options
  const registry = new Registry()
  const program = createPortmapProgram(registry)
  const own = addresses.map((address) => ({ address, port: PMAP_PORT }))
  const all = [...offered, { program, addresses: own, transports: ['tcp', 'udp'] as const }]
  const owner = 'superuser'
  for (const entry of servicesOf(all)) registry.set({ ...entry, owner, isOwn: true })
  const service = { name: 'rpcbind', dispatcher: dispatcherFor(program), udp: true } as const
  await listenEverywhere(listener, service, addresses, PMAP_PORT)
  log.info('serving rpcbind on port 111')
  return { state: 'served', close: async () => {} }
}

/** One entry per program, version and transport; rpcbind has no room for several addresses of one family. */
function servicesOf(offered: readonly OfferedProgram[]): Service[] {
  const services: Service[] = []
  for (const { program, addresses, transports } of offered) {
    for (const { netidSuffix, host, port } of families(addresses)) {
      for (const transport of transports) {
        for (const version of program.versions.keys()) {
          services.push({ program: program.number, version, netid: `${transport}${netidSuffix}`, host, port })
        }
      }
    }
  }
  return services
}

/** The address to register for each family; the wildcard stands for several, and '::' takes IPv4 as well. */
function families(addresses: readonly ListenAddress[]) {
  const port = addresses[0]?.port ?? 0
  const v6 = addresses.filter(({ address }) => isIPv6(address)).map(({ address }) => address)
  const v4 = addresses.filter(({ address }) => !isIPv6(address)).map(({ address }) => address)
  if (v6.includes('::')) v4.push('0.0.0.0')
  const found: { netidSuffix: '' | '6'; host: string; port: number }[] = []
  if (v4.length > 0) found.push({ netidSuffix: '', host: v4.length === 1 ? v4[0]! : '0.0.0.0', port })
  if (v6.length > 0) found.push({ netidSuffix: '6', host: v6.length === 1 ? v6[0]! : '::', port })
  return found
}
