import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { type AcceptedConnection, addon } from '../../native/binding.ts'
import type { Accept } from './acceptor.ts'
import type { ReadInto } from './connection.ts'

/** Accepts on a native thread; JavaScript makes its sockets of the bare descriptors. Rejects if it cannot listen. */
export const acceptNatively: Accept = async (address, port, onAccept) => {
  let closed = false
  const acceptor = addon.NativeAcceptor.listen(address, port, (batch) => {
    for (const connection of batch) {
      if (closed) closeSync(connection.fd)
      else onAccept(accepted(connection))
    }
  })
  return {
    address: acceptor.address,
    port: acceptor.port,
    close: async () => {
      closed = true
      acceptor.close()
    },
  }
}

function accepted({ fd, address, port }: AcceptedConnection) {
  return {
    address,
    port,
    open: (onread: ReadInto): Socket => {
      const options = { fd, allowHalfOpen: true, readable: true, writable: true, onread }
      // `onread` is documented for sockets that connect; the constructor takes it for all.
      const socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
      socket.resume()
      return socket
    },
    refuse: () => closeSync(fd),
  }
}
