import { closeSync } from 'node:fs'
import { addon } from '../../native/binding.ts'
import type { Accept, Accepted, Descriptor } from './acceptor.ts'
import { NativeStreams } from './native-streams.ts'

/** Accepts on a native thread. Rejects if it cannot listen. */
export const acceptNatively: Accept = async (address, port, onAccept, poll) => {
  let closed = false
  const acceptor = addon.NativeAcceptor.listen(address, port, (batch) => {
    for (const connection of batch) {
      if (closed) closeSync(connection.fd)
      else onAccept(acceptedBy(streams, connection))
    }
  })
  // Connections are handed over on later turns of the event loop.
  const streams = new NativeStreams(poll)
  return {
    address: acceptor.address,
    port: acceptor.port,
    close: async () => {
      closed = true
      acceptor.close()
      streams.close()
    },
  }
}

/** The connection of a descriptor that nobody else uses. */
export function acceptedBy(streams: NativeStreams, descriptor: Descriptor): Accepted {
  const { fd, address, port } = descriptor
  return {
    address,
    port,
    descriptor,
    open: (user) => streams.open(fd, user),
    refuse: () => closeSync(fd),
  }
}
