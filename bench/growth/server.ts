/** Ours with its defaults, but for what a measurement needs: several exports, and limits for many connections. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess } from '../servers/process.ts'

export interface GrowthServer {
  readonly port: number
  readonly mountPort: number
  readonly pid: number
  /** Resident memory of the process now, in bytes. */
  residentBytes(): number
  /** User and system, all threads. */
  cpuSeconds(): number
  stop(): Promise<void>
}

export interface GrowthServerOptions {
  /** Of NFS; MOUNT's is the one before. */
  readonly port?: number
  /** The section `limits` of the configuration file. */
  readonly limits?: Readonly<Record<string, number>>
}

/** Serves the directories to loopback as root; `scratch` gets a directory with its state and log. */
export async function startServer(
  directories: readonly string[],
  scratch: string,
  { port = 22049, limits = {} }: GrowthServerOptions = {},
): Promise<GrowthServer> {
  const mountPort = port - 1
  const own = join(scratch, `server-${port}`)
  mkdirSync(own, { recursive: true })
  const config = {
    exports: directories.map((path) => ({
      path,
      clients: ['127.0.0.1'],
      secure: false,
      squash: 'no_root_squash',
    })),
    listen: ['127.0.0.1'],
    port,
    mount_port: mountPort,
    rpcbind: 'off',
    state_directory: join(own, 'state'),
    limits,
  }
  // JSON is YAML.
  const file = join(own, 'config.yaml')
  writeFileSync(file, JSON.stringify(config))
  const bin = join(import.meta.dirname, '..', '..', 'nfs-server', 'bin', 'fsva-nfsd.js')
  const server = new ServerProcess(process.execPath, [bin, '--config', file], join(own, 'log'))
  try {
    await server.accepting(port, 60)
    await server.accepting(mountPort, 60)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    port,
    mountPort,
    pid: server.child.pid!,
    residentBytes: () => residentBytes(server.child.pid!),
    cpuSeconds: () => server.cpuSeconds(),
    stop: () => server.stop(),
  }
}

function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line![1]) * 1024
}
