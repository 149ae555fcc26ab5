import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ServerProcess } from './process.ts'
import type { RunningServer, ServerKind } from './server.ts'

/**
 * No server but the floor under all of them: a C program that answers constant bytes of the right size on the same
 * sockets (bench/floor/echo.c). It sleeps between calls, as most servers do.
 */
export const floor = floorOf('floor', 32049, 0)

/** The same, looking for the next call for as long as fsva does (nfs-server/rpc/busy-poll.ts) before it sleeps. */
export const pollingFloor = floorOf('polling floor', 32050, 200)

function floorOf(name: string, port: number, pollMicroseconds: number): ServerKind {
  return {
    name,
    operations: new Set(['null', 'getattr', 'lookup', 'access', 'read', 'write', 'create', 'commit']),
    missing() {
      const isThere = spawnSync('cc', ['--version']).status === 0
      return isThere ? undefined : 'apt-get install gcc libc6-dev'
    },
    async start(_directory: string, scratch: string): Promise<RunningServer> {
      const source = join(import.meta.dirname, '..', 'floor', 'echo.c')
      const binary = join(scratch, 'echo')
      const built = spawnSync('cc', ['-O2', '-Wall', '-Werror', '-o', binary, source], { encoding: 'utf8' })
      if (built.status !== 0) throw new Error(`the floor does not compile: ${built.stderr}`)
      const words = [`${port}`, `${pollMicroseconds}`]
      const server = new ServerProcess(binary, words, join(scratch, 'floor.log'))
      await server.accepting(port, 20)
      return { port, mountPort: port, pid: server.child.pid!, stop: () => server.stop() }
    },
  }
}
