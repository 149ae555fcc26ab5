/** What the benchmarks can be told. */
import { Command, InvalidArgumentError } from 'commander'

export interface BenchOptions {
  readonly rounds: number
  /** Nothing is measured: it only shows that it runs. */
  readonly isQuick: boolean
  /** Of one measurement. */
  readonly seconds: number
  /** What is measured has the words of one of these in its name. */
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
    .option(
      '--only <texts>',
      'what has these words in its name; several, with commas between them (default: all)',
    )
    .option('--directory <dir>', 'where the served directory is made: a tmpfs', '/dev/shm')
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
    only?: string
    directory: string
    json?: string
  }>()
  return {
    isQuick: quick === true,
    rounds: quick ? 1 : rounds,
    seconds: quick ? 0.1 : seconds,
    only: (only ?? '').split(',').map((text) => text.trim()),
    directory,
    json,
  }
}

/** Whether `--only` means what has this name: by whole words, or d1 would be d16, too. */
export function isChosen({ only }: BenchOptions, name: string): boolean {
  const words = (text: string) => ` ${text.split(/\W+/).join(' ')} `
  return only.some((text) => text === '' || words(name).includes(words(text)))
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0')
  return value
}
