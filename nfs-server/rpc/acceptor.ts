import { createServer, Socket } from 'node:net'
import type { ReadInto } from './connection.ts'

/** A TCP connection that was accepted and not read from yet. */
export interface Accepted {
  /** Textual IP address and port of the peer, as the socket has them. */
  readonly address: string
  readonly port: number
  /** Makes the socket that reads straight into what `onread` provides. To be called once, or else `refuse`. */
  readonly open: (onread: ReadInto) => Socket
  readonly refuse: () => void
}

export interface Acceptor {
  readonly address: string
  readonly port: number
  /** Stops accepting. */
  close(): Promise<void>
}

export type Accept = (
  address: string,
  port: number,
  onAccept: (accepted: Accepted) => void,
) => Promise<Acceptor>

/**
 * Accepts through node:net. Its server makes the sockets itself and so without `onread`: each one's handle, which is
 * paused and has not read anything, is moved to a socket of our making.
 */
export const acceptWithNode: Accept = async (address, port, onAccept) => {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (accepted) => {
    const { remoteAddress, remotePort } = accepted
    if (remoteAddress === undefined || remotePort === undefined) {
      accepted.destroy()
      return
    }
    onAccept({
      address: remoteAddress,
      port: remotePort,
      open: (onread) => moveHandle(accepted, onread),
      refuse: () => accepted.destroy(),
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, backlog: 1024 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server without an address')
  return {
    address: bound.address,
    port: bound.port,
    // Its own connections no longer count, their handles are gone: this waits for the listening socket only.
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

interface HandleHolder {
  _handle: unknown
}

function moveHandle(from: Socket, onread: ReadInto): Socket {
  const holder = from as unknown as HandleHolder
  const handle = holder._handle
  holder._handle = null
  const options = { handle, allowHalfOpen: true, onread, readable: true, writable: true }
  const socket = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0])
  from.destroy()
  socket.resume()
  return socket
}
