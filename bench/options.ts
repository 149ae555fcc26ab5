/** What the benchmarks can be told. */
import { Command, InvalidArgumentError } from 'commander'

export interface BenchOptions {
  readonly rounds: number
  /** Nothing is measured: it only shows that it runs. */
  readonly isQuick: boolean
  /** Of one measurement. */
  readonly seconds: number
  /** What is measured has one of these in its name. */
  readonly only: readonly string[]
  readonly directory: string
  /** Where all measurements are written, too. */
  readonly json: string | undefined
}

/** The command line that they share, to be extended and given to `benchOptions`. */
export function benchCommand(name: string, description: string, defaults: Defaults): Command {
  return new Command(`npm run ${name}`)
    .description(description)
    .option('--quick', 'one short round: shows that it runs, measures nothing')
    .option('--rounds <number>', 'rounds; medians count', positive, defaults.rounds)
    .option('--seconds <number>', 'length of one measurement', positive, defaults.seconds)
    .option('--only <texts>', 'what has one of these in its name (commas between them)', '')
    .option('--directory <dir>', 'where the served directory is made (default: tmpfs)', '/dev/shm')
    .option('--json <file>', 'write all measurements')
}

interface Defaults {
  readonly rounds: number
  readonly seconds: number
}

/** From the command line; `--help` and nonsense end the process. */
export function benchOptions(command: Command): BenchOptions {
  const { quick, only, rounds, seconds, directory, json } = command.parse().opts<{
    quick?: boolean
    rounds: number
    seconds: number
    only: string
    directory: string
    json?: string
  }>()
  return {
    isQuick: quick === true,
    rounds: quick ? 1 : rounds,
    seconds: quick ? 0.1 : seconds,
    only: only.split(',').map((text) => text.trim()),
    directory,
    json,
  }
}

/** Whether `--only` means what has this name. */
export function isChosen({ only }: BenchOptions, name: string): boolean {
  return only.some((text) => name.includes(text))
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0')
  return value
}
