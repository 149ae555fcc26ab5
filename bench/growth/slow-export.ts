/** What calls to one export feel of another one whose file system takes its time over everything. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { walk } from './generators.ts'
import { type GrowthOptions, isReached, type Measurement, type Point } from './point.ts'
import { type GrowthServer, startServer } from './server.ts'

const delay_ms = 100
/** Calls under way in the slow export. */
const depth = 16
/** More than this is not as it was; less is what two runs of the same differ by. */
const factorMax = 1.5

export const slowExport: Measurement = { name: 'slow export', measure }

async function measure({ scratch, seconds, isQuick }: GrowthOptions): Promise<readonly Point[]> {
  const quick = join(scratch, 'quick')
  const slow = join(scratch, 'slow')
  mkdirSync(quick)
  mkdirSync(slow)
  const daemon = await mountSlowFs(slow, scratch)
  try {
    const server = await startServer([quick, slow], scratch)
    try {
      return [
        await point(server, quick, slow, 'GETATTR', { seconds, isQuick }),
        await point(server, quick, slow, 'READ of 4 KiB', { seconds, isQuick }),
      ]
    } finally {
      await server.stop()
    }
  } finally {
    spawnSync('umount', ['-l', slow])
    daemon.kill('SIGKILL')
  }
}

async function mountSlowFs(directory: string, scratch: string): Promise<ChildProcess> {
  const program = join(scratch, 'slow-fs')
  const source = join(import.meta.dirname, 'slow-fs.c')
  await promisify(execFile)('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source])
  const child = spawn(program, [directory, `${delay_ms}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])
  if (String(said) !== 'ready\n') throw new Error(`slow-fs did not start: ${said}`)
  return child
}

async function point(
  server: GrowthServer,
  quick: string,
  slow: string,
  operation: string,
  { seconds, isQuick }: Pick<GrowthOptions, 'seconds' | 'isQuick'>,
): Promise<Point> {
  const what = operation === 'GETATTR' ? [] : ['--read']
  const ask = (under: number, ...words: readonly string[]) =>
    walk({ server, directory: quick }, 'beside', [
      ...['--other', slow, '--depth', under, '--seconds', seconds],
      ...what,
      ...words,
    ])
  const alone = await ask(0)
  const apart = await ask(depth, '--apart')
  const together = await ask(depth)
  const us = (value: number | undefined) => value!.toFixed(0)
  const both = (figures: Readonly<Record<string, number>>) => `${us(figures.p50_us)}/${us(figures.p99_us)} us`
  const factor = Math.max(...[apart, together].map((one) => one.p50_us! / alone.p50_us!))
  return {
    what: `${operation} while ${depth} calls are under way in an export that takes ${delay_ms} ms for each`,
    target: 'p50 as alone',
    measured:
      `p50/p99 alone ${both(alone)}, slow calls on another connection ${both(apart)}, ` +
      `on the same one ${both(together)}`,
    met: isReached(factor <= factorMax, isQuick),
    figures: {
      alone_p50_us: alone.p50_us!,
      alone_p99_us: alone.p99_us!,
      apart_p50_us: apart.p50_us!,
      apart_p99_us: apart.p99_us!,
      apart_slow_calls: apart.other_calls!,
      together_p50_us: together.p50_us!,
      together_p99_us: together.p99_us!,
      together_slow_calls: together.other_calls!,
    },
  }
}
