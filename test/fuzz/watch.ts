/** What the server's process holds on to while it is fuzzed, and whether that stays flat. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'

export interface Sample {
  /** Records sent before it was taken. */
  readonly records: number
  /** Of the process, without files: what a leak of either language adds to. */
  readonly anonymousBytes: number
  readonly residentBytes: number
  /** What JavaScript holds after a full collection: its heap, and memory outside that objects of it own. */
  readonly heldBytes: number
  readonly descriptors: number
  readonly threads: number
}

/**
 * "Flat": the medians of the second and of the fourth quarter of the samples differ by no more than this. The first
 * quarter is for warming up: caches fill and code is compiled.
 */
export const allowedGrowth = {
  anonymousBytes: 32 << 20,
  heldBytes: 3 << 20,
  descriptors: 256,
  threads: 8,
} as const

export type Watched = keyof typeof allowedGrowth

const measureMsMax = 120_000
const names: Readonly<Record<Watched, string>> = {
  anonymousBytes: 'resident memory without files (bytes)',
  heldBytes: 'memory that JavaScript holds after a collection (bytes)',
  descriptors: 'open descriptors',
  threads: 'threads',
}

/** Takes a sample of a server that has test/fuzz/measured.ts loaded. */
export async function takeSample(pid: number, measureFile: string, records: number): Promise<Sample> {
  rmSync(measureFile, { force: true })
  process.kill(pid, 'SIGUSR2')
  const deadline = performance.now() + measureMsMax
  while (!existsSync(measureFile)) {
    if (performance.now() > deadline) throw new Error('the event loop of the server does not come round')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { heapUsed, external } = JSON.parse(readFileSync(measureFile, 'utf8'))
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1])
  return {
    records,
    anonymousBytes: field('RssAnon') * 1024,
    residentBytes: field('VmRSS') * 1024,
    heldBytes: heapUsed + external,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field('Threads'),
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

/** By how much it grew from the second quarter of the samples to the fourth. */
export function growth(samples: readonly Sample[], what: Watched): number {
  const quarter = (number: number) => {
    const from = Math.floor((samples.length * (number - 1)) / 4)
    return samples.slice(from, Math.floor((samples.length * number) / 4)).map((sample) => sample[what])
  }
  return median(quarter(4)) - median(quarter(2))
}

/** What is not flat, in words. At least eight samples are needed to tell. */
export function leaks(samples: readonly Sample[]): string[] {
  if (samples.length < 8) return [`${samples.length} samples are too few to tell a leak`]
  return (Object.keys(allowedGrowth) as Watched[]).flatMap((what) => {
    const grown = growth(samples, what)
    return grown > allowedGrowth[what] ? [`${names[what]} grew by ${grown}`] : []
  })
}
