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
  /** Locked ranges and shares of clients. */
  readonly locks: number
}

/**
 * "Flat": the medians of the second and of the fourth quarter of the samples differ by no more than this. The first
 * quarter is for warming up: caches fill and code is compiled.
 */
export const allowedGrowth = { anonymousBytes: 64 << 20, heldBytes: 6 << 20 } as const

/** Never more than that while it is fuzzed: the caches of descriptors and the pools of threads have their own lives. */
const ceilings = { descriptors: 8192, threads: 300 } as const
/** More than before the first record, when all has been idle for a while. */
export const allowedLeft = { descriptors: 16, threads: 8, locks: 0 } as const

export type Watched = keyof typeof allowedGrowth

const measureMsMax = 120_000
const names: Readonly<Record<Watched, string>> = {
  anonymousBytes: 'resident memory without files (bytes)',
  heldBytes: 'memory that JavaScript holds after a collection (bytes)',
}

/** Takes a sample of a server that has test/fuzz/measured.ts loaded. */
export async function takeSample(
  pid: number,
  measureFile: string,
  records: number,
  locks: number,
): Promise<Sample> {
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
    locks,
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
  const grown = (Object.keys(allowedGrowth) as Watched[]).flatMap((what) => {
    const bytes = growth(samples, what)
    return bytes > allowedGrowth[what] ? [`${names[what]} grew by ${bytes}`] : []
  })
  const most = (Object.keys(ceilings) as (keyof typeof ceilings)[]).flatMap((what) => {
    const count = Math.max(...samples.map((sample) => sample[what]))
    return count > ceilings[what] ? [`${count} ${what}`] : []
  })
  return [...grown, ...most]
}

/** What is not given back, in words. */
export function leftOver(before: Sample, after: Sample): string[] {
  return (Object.keys(allowedLeft) as (keyof typeof allowedLeft)[]).flatMap((what) => {
    const left = after[what] - before[what]
    return left > allowedLeft[what] ? [`${left} ${what} more than before, long after the last record`] : []
  })
}

export function describe({
  records,
  anonymousBytes,
  heldBytes,
  descriptors,
  threads,
  locks,
}: Sample): string {
  const mebibytes = (bytes: number) => `${(bytes / (1 << 20)).toFixed(1)} MiB`
  return (
    `${records} records, ${mebibytes(anonymousBytes)} resident, ${mebibytes(heldBytes)} held, ` +
    `${descriptors} descriptors, ${threads} threads, ${locks} locks`
  )
}
