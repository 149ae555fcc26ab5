/** How long a lock that a client has is not there after a kill, for programs next to the server. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { command } from './command.ts'
import type { OneMachine } from './one-machine.ts'

export class LockGaps {
  /** Milliseconds, in the order in which they ended. */
  readonly gaps: number[] = []
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
    let output = ''
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (let end = output.indexOf('\n'); end >= 0; end = output.indexOf('\n')) {
        this.gaps.push(Number(/^gap (\S+)$/.exec(output.slice(0, end))?.[1]))
        output = output.slice(end + 1)
      }
    })
  }

  /** `name`: a file of fsva-load-lock's below the export. */
  static async watch(machine: OneMachine, name: string): Promise<LockGaps> {
    const program = await localProgram(machine, 'lock-gap')
    const file = join(machine.exportDirectory, name)
    const child = spawn(program, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
    machine.scope.onClose(() => child.kill('SIGKILL'))
    return new LockGaps(child)
  }

  async end(): Promise<readonly number[]> {
    const closed = once(this.#child, 'close')
    this.#child.stdin!.end()
    await closed
    return this.gaps
  }
}

/** One of test/vm/programs, made for this machine. */
export async function localProgram(machine: OneMachine, name: string): Promise<string> {
  const program = join(machine.scope.directory, name)
  await command('gcc', ['-O2', '-o', program, join(import.meta.dirname, 'programs', `${name}.c`)])
  return program
}
