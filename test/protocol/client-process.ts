/** The real fsva-client as a child process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export const clientProgram = join(import.meta.dirname, '..', '..', 'fsva-client', 'bin', 'fsva-client.js')

export interface ClientEnded {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs fsva-client; `wrapper` is a program with its arguments that runs it, such as setpriv. */
export async function runClient(
  args: readonly string[],
  wrapper: readonly string[] = [],
): Promise<ClientEnded> {
  const [program, ...rest] = [...wrapper, process.execPath, clientProgram, ...args]
  const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
