import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

/** The address that this machine has towards another: what a server sees it come from. Nothing is sent. */
export async function localAddressTowards(address: string): Promise<string> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      // Any port: connecting a datagram socket only chooses the route.
      socket.connect(9, address, resolve)
    })
    return socket.address().address
  } finally {
    socket.close()
  }
}
