import type { Socket } from 'node:net'
import type { Accept } from '../rpc/acceptor.ts'

/** Counts the connections that an acceptor hands over, and the bytes that go through them. */
export class TransportCounters {
  connectionsAccepted = 0
  connectionsRefused = 0
  readonly #open = new Set<Socket>()
  #closedBytesReceived = 0
  #closedBytesSent = 0

  get bytesReceived(): number {
    let bytes = this.#closedBytesReceived
    for (const socket of this.#open) bytes += socket.bytesRead
    return bytes
  }

  get bytesSent(): number {
    let bytes = this.#closedBytesSent
    for (const socket of this.#open) bytes += socket.bytesWritten
    return bytes
  }

  /** The same acceptor, counted. */
  count(accept: Accept): Accept {
    return (address, port, onAccept) =>
      accept(address, port, (accepted) => {
        onAccept({
          ...accepted,
          open: (onread) => {
            const socket = accepted.open(onread)
            this.#opened(socket)
            return socket
          },
          refuse: () => {
            this.connectionsRefused++
            accepted.refuse()
          },
        })
      })
  }

  #opened(socket: Socket): void {
    this.connectionsAccepted++
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#closedBytesReceived += socket.bytesRead
      this.#closedBytesSent += socket.bytesWritten
    })
  }
}
