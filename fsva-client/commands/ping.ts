import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { findAgent } from '../agent/find-agent.ts'
import { roundTrips } from '../agent/round-trips.ts'

interface Options {
  readonly count?: number
  readonly interval: number
  readonly quiet?: boolean
}

export function addPing(program: Command): void {
  program
    .command('ping [directory]')
    .description("null calls over a mount's channel: how long there and back; until ^C, or --count of them")
    .option('-c, --count <n>', 'how many', positive)
    .option('-i, --interval <seconds>', 'between two; may be 0', seconds, 1)
    .option('-q, --quiet', 'only the summary')
    .action(
      async (
        directory: string | undefined,
        { count = Number.POSITIVE_INFINITY, interval, quiet }: Options,
      ) => {
        const agent = await findAgent(directory)
        const stop = new AbortController()
        process.once('SIGINT', () => stop.abort())
        const measured: number[] = []
        try {
          while (!stop.signal.aborted) {
            const { microseconds } = await agent.ask('ping')
            measured.push(microseconds)
            if (quiet !== true) console.log(`null call ${measured.length}: ${microseconds.toFixed(2)} us`)
            if (measured.length >= count) break
            if (interval > 0) await sleep(interval * 1000, undefined, { signal: stop.signal }).catch(() => {})
          }
        } finally {
          agent.close()
          if (measured.length > 0) console.log(roundTrips(measured))
        }
      },
    )
}

function positive(text: string): number {
  const count = Number(text)
  if (/^[0-9]{1,9}$/.test(text) && count > 0) return count
  throw new InvalidArgumentError('It must be a number from 1.')
}

function seconds(text: string): number {
  const value = Number(text)
  if (/^[0-9]+(\.[0-9]+)?$/.test(text) && value <= 3600) return value
  throw new InvalidArgumentError('It must be a number of seconds from 0 to 3600.')
}
