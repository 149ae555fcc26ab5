import { join } from 'node:path'
import { ServerProcess } from './process.ts'
import type { RunningServer, ServerKind } from './server.ts'

const port = 22049
const mountPort = 22048

/** Ours, from this checkout, as a user would start it. */
export const fsva: ServerKind = fsvaWith([])

/** Ours, started with these words as well, and with these for Node. */
export function fsvaWith(given: readonly string[], forNode: readonly string[] = []): ServerKind {
  return {
    name: 'fsva',
    missing: () => undefined,
    async start(directory: string, scratch: string): Promise<RunningServer> {
      const bin = join(import.meta.dirname, '..', '..', 'nfs-server', 'bin', 'fsva-nfsd.js')
      const words = ['--export', directory, '--port', `${port}`, '--mount-port', `${mountPort}`]
      const options = ['--no-rpcbind', '--insecure', '--no-root-squash', '--state-dir', join(scratch, 'fsva')]
      const server = new ServerProcess(
        process.execPath,
        [...forNode, bin, ...words, ...options, ...given],
        join(scratch, 'fsva.log'),
      )
      await server.accepting(port, 20)
      await server.accepting(mountPort, 20)
      return { port, mountPort, pid: server.child.pid!, stop: () => server.stop() }
    },
  }
}
