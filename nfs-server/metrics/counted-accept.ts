import type { Accept, Accepted } from '../rpc/acceptor.ts'
import type { Stream, StreamUser } from '../rpc/stream.ts'

/** Counts the connections that an acceptor hands over, and the bytes that go through them. */
export class TransportCounters {
  connectionsAccepted = 0
  connectionsRefused = 0
  readonly #open = new Set<Stream>()
  #closedBytesReceived = 0
  #closedBytesSent = 0

  get bytesReceived(): number {
    let bytes = this.#closedBytesReceived
    for (const stream of this.#open) bytes += stream.bytesRead
    return bytes
  }

  get bytesSent(): number {
    let bytes = this.#closedBytesSent
    for (const stream of this.#open) bytes += stream.bytesWritten
    return bytes
  }

  /** The same acceptor, counted. */
  count(accept: Accept): Accept {
    return (address, port, onAccept, poll) => {
      const counted = (accepted: Accepted) =>
        onAccept({
          ...accepted,
          open: (user) => this.#counted(accepted, user),
          refuse: () => {
            this.connectionsRefused++
            accepted.refuse()
          },
        })
      return accept(address, port, counted, poll)
    }
  }

  #counted(accepted: Accepted, user: StreamUser): Stream {
    this.connectionsAccepted++
    const stream = accepted.open({
      buffer: () => user.buffer(),
      received: (count) => user.received(count),
      isShared: () => user.isShared(),
      ended: () => user.ended(),
      closed: () => {
        this.#open.delete(stream)
        this.#closedBytesReceived += stream.bytesRead
        this.#closedBytesSent += stream.bytesWritten
        user.closed()
      },
    })
    this.#open.add(stream)
    return stream
  }
}
