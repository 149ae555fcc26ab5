/** Runs programs of the host, with errors that say what was run and what it said. */
import { execFile, execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
  readonly timeoutMs?: number
}

const outputBytesMax = 64 * 1024 * 1024
// An ordinary user's PATH often lacks the directories where mke2fs, depmod and ip live.
const searchPath = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`

/** Runs a program to its end and answers its standard output; a failure throws with its standard error. */
export function command(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        cwd: options.cwd,
        env: { ...(options.env ?? process.env), PATH: searchPath },
        timeout: options.timeoutMs ?? 0,
        killSignal: 'SIGKILL',
        maxBuffer: outputBytesMax,
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        const said = stderr.trim() || stdout.trim() || error.message
        reject(new Error(`${program} ${args.join(' ')} failed: ${said}`, { cause: error }))
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

/** The same, blocking: for clean-up while the process exits. */
export function commandSync(program: string, args: readonly string[]): string {
  const env = { ...process.env, PATH: searchPath }
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    timeout: 30_000,
  })
}

/** Where a program is, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // not here: the next directory may have it
    }
  }
  return undefined
}

/** Where a program is; if missing, the error names the Debian package that has it. */
export function requireProgram(name: string, aptPackage: string): string {
  const path = findProgram(name)
  if (path !== undefined) return path
  throw new Error(`${name} is not installed. On Debian: sudo apt-get install ${aptPackage}`)
}
