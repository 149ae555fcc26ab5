/** The agent as a child process, and fsva-client asking it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { AgentStatus } from '../../fsva-client/agent/control-protocol.ts'
import { runClient } from './client-process.ts'

const program = join(import.meta.dirname, '..', 'fixtures', 'agent-program.ts')
const waitMs = 120_000
const pollMs = 50

export class AgentProcess {
  readonly #child: ChildProcess
  readonly #mountPoint: string
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  stderr = ''

  /** Its files are where FSVA_RUNTIME_DIRECTORY says. */
  constructor(mountPoint: string, socket: string, wrapper: readonly string[] = []) {
    this.#mountPoint = mountPoint
    const [first, ...rest] = [...wrapper, process.execPath, program, mountPoint, socket]
    this.#child = spawn(first!, rest, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get pid(): number {
    return this.#child.pid!
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for its channel to be like that, by `fsva-client stats`. */
  async waitFor(channel: AgentStatus['channel']): Promise<AgentStatus> {
    const deadline = Date.now() + waitMs
    for (;;) {
      const { code, stdout } = await runClient(['stats', this.#mountPoint, '--json'])
      const status = code === 0 ? (JSON.parse(stdout) as { status: AgentStatus }).status : undefined
      if (status?.pid === this.pid && status.channel === channel) return status
      const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (isOver || Date.now() > deadline) throw new Error(`the channel is not ${channel}:\n${this.stderr}`)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }

  /** Ends it, however it is. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}
