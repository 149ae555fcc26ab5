import { existsSync } from 'node:fs'
import { connect } from 'node:net'

const monitorPlaces = ['/usr/sbin/rpc.statd', '/sbin/rpc.statd']
const rpcbindPort = 111
const timeoutMs = 1000

/**
 * Whether locks can be kept on a server: mount(8) starts rpc.statd, which needs this machine's own rpcbind; the server
 * finds this machine's lock manager by it, too.
 */
export async function hasStatusMonitor(): Promise<boolean> {
  return monitorPlaces.some((path) => existsSync(path)) && (await answersLocally(rpcbindPort))
}

function answersLocally(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: timeoutMs })
    const settle = (answers: boolean) => {
      socket.destroy()
      resolve(answers)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(false))
    socket.once('error', () => settle(false))
  })
}
