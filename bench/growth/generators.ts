/** The two load generators, with what they print as numbers. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const release = join(import.meta.dirname, '..', 'load', 'target', 'release')

/** Where a generator goes: a directory that can be mounted from a server. */
export interface Place {
  readonly server: { readonly port: number; readonly mountPort: number }
  readonly directory: string
}

type Words = readonly (string | number)[]
type Figures = Readonly<Record<string, number>>

const where = ({ server, directory }: Place): Words => [
  ...['--port', server.port, '--mount-port', server.mountPort, '--export', directory],
]

async function run(program: string, words: Words): Promise<Figures> {
  const { stdout } = await promisify(execFile)(join(release, program), words.map(String))
  return JSON.parse(stdout) as Figures
}

/** Calls of one kind for a while. */
export const load = (place: Place, operation: string, words: Words): Promise<Figures> =>
  run('fsva-load', [...where(place), '--operation', operation, ...words])

/** Each of something, once. */
export const walk = (place: Place, what: 'touch' | 'list' | 'beside', words: Words): Promise<Figures> =>
  run('fsva-walk', [...where(place), what, ...words])

/** Connections that have done something; they stay until they are let go. */
export async function holdConnections(place: Place, count: number): Promise<{ letGo(): Promise<void> }> {
  const words = [...where(place), 'hold', '--connections', count].map(String)
  const child: ChildProcess = spawn(join(release, 'fsva-walk'), words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const said = once(createInterface({ input: child.stdout! }), 'line')
  await Promise.race([
    said,
    exited.then(([status]) => {
      throw new Error(`fsva-walk hold ended with ${status}`)
    }),
  ])
  return {
    async letGo() {
      child.stdin!.end()
      await exited
    },
  }
}
