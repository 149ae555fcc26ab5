/** What both benchmarks can be told, and what they make of their rounds. */
import { Command } from 'commander'

export interface BenchOptions {
  readonly rounds: number
  /** Nothing is measured: it only shows that it runs. */
  readonly isQuick: boolean
  /** Of one measurement. */
  readonly seconds: number
  /** What is measured has this in its name. */
  readonly only: string
  readonly directory: string
  /** Where all measurements are written, too. */
  readonly json: string | undefined
}

/** From the command line; `--help` and nonsense end the process. */
export function benchOptions(name: string, description: string, seconds: number): BenchOptions {
  const options = new Command(name)
    .description(description)
    .option('--quick', 'one short round: shows that it runs, measures nothing')
    .option('--rounds <number>', 'alternating rounds; the median counts', '3')
    .option('--seconds <number>', 'length of one measurement', `${seconds}`)
    .option('--only <text>', 'what has the text in its name', '')
    .option('--directory <dir>', 'where the served directory is made (default: tmpfs)', '/dev/shm')
    .option('--json <file>', 'write all measurements')
    .parse()
    .opts<{
      quick?: boolean
      rounds: string
      seconds: string
      only: string
      directory: string
      json?: string
    }>()
  const { quick, only, directory, json } = options
  return {
    isQuick: quick === true,
    rounds: quick ? 1 : Number(options.rounds),
    seconds: quick ? 0.2 : Number(options.seconds),
    only,
    directory,
    json,
  }
}

/** Each field's median over the rounds; NaN if there were none. */
export function median<T extends { readonly [field in keyof T]: number }>(
  rounds: readonly T[],
  fields: readonly (keyof T)[],
): T {
  const middle = (field: keyof T) => {
    const sorted = rounds.map((round): number => round[field]).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }
  return Object.fromEntries(fields.map((field) => [field, middle(field)])) as T
}
