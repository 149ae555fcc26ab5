/** How an agent reaches its server, and what it does besides. */
export interface AgentOptions {
  /** Absolute. */
  readonly mountPoint: string
  readonly rendezvous: Rendezvous
  /** Where other programs on this machine find it; undefined: its own place (agentFiles). */
  readonly dataSocket: string | undefined
  /** Make the kernel's cache follow what the server says has changed. */
  readonly pushes: boolean
}

/** Where the other end of a channel is asked for. */
export type Rendezvous =
  /**
   * On this machine: a Unix socket, by which the memory comes, too. `clientAddress`: which NFS client this is, by the address
   * that the server sees its calls come from.
   */
  | { readonly socket: string; readonly clientAddress: string }
  /** In another VM: TCP, and a device that shows this VM the memory. */
  | { readonly server: string; readonly port: number; readonly device: string }

export const channelPort = 2050

/** The command line that starts such an agent; the client's address it finds by its mount. */
export function agentArguments({ mountPoint, rendezvous, dataSocket, pushes }: AgentOptions): string[] {
  const where =
    'socket' in rendezvous
      ? ['--socket', rendezvous.socket]
      : ['--server', rendezvous.server, '--channel-port', `${rendezvous.port}`, '--device', rendezvous.device]
  return [
    'agent',
    mountPoint,
    ...where,
    ...(dataSocket === undefined ? [] : ['--agent-socket', dataSocket]),
    ...(pushes ? [] : ['--no-pushes']),
  ]
}

/** In words, for messages. */
export function shownRendezvous(rendezvous: Rendezvous): string {
  if ('socket' in rendezvous) return rendezvous.socket
  return `${rendezvous.server} port ${rendezvous.port} (${rendezvous.device})`
}
