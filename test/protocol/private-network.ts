/** A network namespace with nothing but loopback, and a /run of its own: port 111 is free there. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Why there can be none here; false if there can. For the `skip` option of a test. */
export function noPrivateNetwork(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  const { status } = spawnSync('unshare', ['--net', '--mount', 'true'])
  return status === 0 ? false : 'namespaces are not allowed here'
}

export class PrivateNetwork {
  /** Runs the program that follows inside. */
  readonly inside: readonly string[]
  readonly #holder: ReturnType<typeof spawn>

  private constructor(holder: ReturnType<typeof spawn>) {
    this.#holder = holder
    this.inside = ['nsenter', '--target', String(holder.pid), '--net', '--mount']
  }

  static async open(): Promise<PrivateNetwork> {
    const script = 'ip link set lo up && mount -t tmpfs none /run && echo ready && exec sleep 600'
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(holder.stdout!, 'data')
    return new PrivateNetwork(holder)
  }

  /** Runs a command to its end; its output, stderr included. */
  run(program: string, ...args: string[]): { code: number | null; output: string } {
    const [command, ...rest] = [...this.inside, program, ...args]
    const result = spawnSync(command!, rest, { encoding: 'utf8', timeout: 20_000 })
    return { code: result.status, output: result.stdout + result.stderr }
  }

  close(): void {
    this.#holder.kill('SIGKILL')
  }
}
