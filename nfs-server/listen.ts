import { ListenError } from './explain-start-error.ts'
import type { Dispatcher } from './rpc/dispatch.ts'
import type { Elsewhere, ListenAddress, RpcListener } from './rpc/listener.ts'

/** One service on the same port of every address. */
export interface Service {
  readonly name: ListenError['service']
  readonly dispatcher: Dispatcher
  readonly udp: boolean
  /** Other threads that serve it, too. */
  readonly elsewhere?: Elsewhere | undefined
}

/**
 * Opens the service's port on every address, TCP and perhaps UDP. Port 0: the system picks one for the first
 * address, and the others use it too, since clients are told a single port.
 */
export async function listenEverywhere(
  listener: RpcListener,
  service: Service,
  addresses: readonly string[],
  port: number,
): Promise<readonly ListenAddress[]> {
  const bound: ListenAddress[] = []
  for (const address of addresses) {
    const wanted = bound[0]?.port ?? port
    const where = await open(service, address, wanted, (at) =>
      listener.listenTcp(service.dispatcher, at, service.elsewhere),
    )
    bound.push(where)
    if (service.udp) {
      await open(service, address, where.port, (at) => listener.listenUdp(service.dispatcher, at))
    }
  }
  return bound
}

async function open(
  service: Service,
  address: string,
  port: number,
  listen: (where: ListenAddress) => Promise<ListenAddress>,
): Promise<ListenAddress> {
  try {
    return await listen({ address, port })
  } catch (error) {
    throw new ListenError(service.name, address, port, error)
  }
}
