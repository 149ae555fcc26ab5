import { closeSync } from 'node:fs'
import type { Accept, Descriptor } from './acceptor.ts'
import { acceptedBy } from './listener-native.ts'
import { NativeStreams } from './native-streams.ts'

/** Connections that another thread has accepted, as if this one had. It listens nowhere. */
export class HandedOver {
  #give: ((connection: Descriptor) => void) | undefined

  readonly accept: Accept = async (address, port, onAccept, poll) => {
    const streams = new NativeStreams(poll)
    this.#give = (connection) => onAccept(acceptedBy(streams, connection))
    return {
      address,
      port,
      close: async () => {
        this.#give = undefined
        streams.close()
      },
    }
  }

  /** Serves the connection; closes it if nothing is served any more. */
  give(connection: Descriptor): void {
    if (this.#give === undefined) closeSync(connection.fd)
    else this.#give(connection)
  }
}
