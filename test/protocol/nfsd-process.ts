/** The real fsva-nfsd as a child process, for tests of its command line and signals. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { withTestWorkers } from '../fixtures/test-workers.ts'

export const nfsdProgram = join(import.meta.dirname, '..', '..', 'nfs-server', 'bin', 'fsva-nfsd.js')
const waitMs = 120_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class NfsdProcess {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; wrapper?: readonly string[] } = {},
  ) {
    const nfsd = [process.execPath, nfsdProgram, ...withTestWorkers(args)]
    const [program, ...rest] = [...(options.wrapper ?? []), ...nfsd]
    const env = { ...process.env, ...options.env }
    this.#child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }))
  }

  get pid(): number {
    return this.#child.pid!
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits until the output has what is wanted; fails if the process ends before or it takes too long. */
  async waitFor(stream: 'stdout' | 'stderr', wanted: RegExp): Promise<RegExpExecArray> {
    const deadline = Date.now() + waitMs
    for (;;) {
      const match = wanted.exec(this[stream])
      if (match !== null) return match
      const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (isOver || Date.now() > deadline) {
        throw new Error(`no ${wanted} in ${stream}:\n${this.stdout}\n${this.stderr}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** The ready line's ports. */
  async ready(): Promise<{ nfs: number; mount: number; metrics: number | undefined; line: string }> {
    const [line] = await this.waitFor('stdout', /^fsva-nfsd ready: .*$/m)
    const port = (service: string) => {
      const match = new RegExp(` ${service} 127\\.0\\.0\\.1:(\\d+)`).exec(line)
      return match === null ? undefined : Number(match[1])
    }
    return { nfs: port('nfs') ?? 0, mount: port('mount') ?? 0, metrics: port('metrics'), line }
  }

  /** Stops reading its output, as a parent does that has gone. */
  closePipes(): void {
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
  }

  /** Ends it, however it is. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}
