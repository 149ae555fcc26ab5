import { closeSync } from 'node:fs'
import { addon } from '../../native/binding.ts'
import type { Accept } from './acceptor.ts'
import { NativeStreams } from './native-streams.ts'

/** Accepts on a native thread. Rejects if it cannot listen. */
export const acceptNatively: Accept = async (address, port, onAccept, poll) => {
  let closed = false
  const acceptor = addon.NativeAcceptor.listen(address, port, (batch) => {
    for (const { fd, address, port } of batch) {
      if (closed) closeSync(fd)
      else onAccept({ address, port, open: (user) => streams.open(fd, user), refuse: () => closeSync(fd) })
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
