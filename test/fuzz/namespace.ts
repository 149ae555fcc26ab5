/** Runs the fuzzer in namespaces of its own. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FuzzResult } from './result.ts'

const main = join(import.meta.dirname, 'main.ts')
/** Nothing but loopback; a /run of its own hides the sockets of the machine's rpcbind. */
const enter = 'ip link set lo up && mount -t tmpfs none /run && exec "$@"'

/** Why it cannot be run here; false if it can. For the `skip` option of a test. */
export function cannotFuzz(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  return spawnSync('unshare', ['--net', '--mount', 'true']).status === 0
    ? false
    : 'namespaces are not allowed here'
}

/** `test/fuzz/main.ts` with these arguments; its exit code. */
export async function fuzzInNamespace(
  args: readonly string[],
  output: (text: string) => void,
): Promise<number> {
  const node = [process.execPath, main, '--inside', ...args]
  const child = spawn(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', enter, 'sh', ...node],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', output)
  const [code] = await once(child, 'close')
  return code ?? 1
}

export interface FuzzRunOptions {
  readonly seed: number
  readonly count: number
  readonly leakBytes?: number
  readonly settles?: boolean
  progress?(text: string): void
}

/** One run, and what it has shown. Rejects if it could not be run. */
export async function runFuzzer({
  seed,
  count,
  leakBytes = 0,
  settles = false,
  progress,
}: FuzzRunOptions): Promise<FuzzResult> {
  const scratch = mkdtempSync(join(tmpdir(), 'fsva-fuzz-result-'))
  const json = join(scratch, 'result.json')
  let printed = ''
  const options = ['--seed', seed, '--count', count, '--leak', leakBytes, '--json', json].map(String)
  if (settles) options.push('--settle')
  try {
    await fuzzInNamespace(options, (text) => {
      printed += text
      for (const line of text.split('\n')) if (line.startsWith('fuzz: ')) progress?.(line.slice(6))
    })
    return JSON.parse(readFileSync(json, 'utf8'))
  } catch (error) {
    throw new Error(`the fuzzer could not be run: ${error}\n${printed}`)
  } finally {
    rmSync(scratch, { recursive: true })
  }
}
