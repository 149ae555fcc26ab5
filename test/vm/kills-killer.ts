/** Kills the server at random moments while programs are at work, and counts what each kill hit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MixedLoad } from './kills-load.ts'

/** A server that nobody gets anything from for so long is broken. */
const progressTimeoutMs = 300_000

export interface KillOptions {
  readonly kills: number
  /** The server's, in seconds. */
  readonly graceSeconds: number
  /** How long after the end of the grace period, at most. */
  readonly afterMsMax: number
  /** Which part of the kills comes before the grace period has ended. */
  readonly earlyShare: number
  readonly random: () => number
  progress?(text: string): void
}

export interface KillFigures {
  kills: number
  /** Kills within the grace period of the start before. */
  early: number
  /** Kills after which clients sent NFS calls again. */
  killsThatHitCalls: number
  /** NFS calls that clients sent again. */
  callsSentAgain: number
  /** Kills that hit calls which must not run twice between their operation and the client's having the reply. */
  killsThatHitChanges: number
  /** Of the calls sent again: answered with a dead process's reply, and finished for a dead process. */
  repliesFromRecord: number
  resumed: number
  /** Calls that the starts found begun and not answered, and how many of these had happened. */
  doubts: number
  happened: number
  locksReclaimed: number
  callsAnswered: number
  lockCallsAnswered: number
  /** From each kill until the server was ready again. */
  readonly restartsMs: number[]
}

/** The load runs; it may end early, which is a failure of its own. */
export async function killAtRandom(load: MixedLoad, options: KillOptions): Promise<KillFigures> {
  const figures = noFigures()
  const counter = new ProcessCounter(load, figures)
  const { random } = options
  for (let kill = 0; kill < options.kills && !load.isOver; kill++) {
    const isEarly = figures.kills > 0 && random() < options.earlyShare
    if (isEarly) {
      await sleep(random() * options.graceSeconds * 1000)
    } else {
      await locksAreTaken(load)
      await sleep(500 + random() * options.afterMsMax)
    }
    if (load.isOver) break
    await counter.processEnds()
    const killed = performance.now()
    await load.machine.server.restart('SIGKILL')
    figures.restartsMs.push(performance.now() - killed)
    figures.kills++
    if (isEarly) figures.early++
    if (figures.kills % 5 === 0) options.progress?.(`${figures.kills} of ${options.kills} kills`)
  }
  if (!load.isOver) await locksAreTaken(load)
  await counter.processEnds()
  const { doubts, happened } = doubtsOf(load)
  return Object.assign(figures, { doubts, happened })
}

function noFigures(): KillFigures {
  return {
    kills: 0,
    early: 0,
    killsThatHitCalls: 0,
    callsSentAgain: 0,
    killsThatHitChanges: 0,
    repliesFromRecord: 0,
    resumed: 0,
    doubts: 0,
    happened: 0,
    locksReclaimed: 0,
    callsAnswered: 0,
    lockCallsAnswered: 0,
    restartsMs: [],
  }
}

/** Somebody gets a lock anew: clients are back and the grace period is over. */
async function locksAreTaken(load: MixedLoad): Promise<void> {
  const count = () => {
    const record = readFileSync(join(load.machine.exportDirectory, 'locks', 'fcntl'), 'latin1')
    return Number(record.trim().split(' ')[1])
  }
  const before = count()
  const deadline = Date.now() + progressTimeoutMs
  while (!load.isOver && count() < before + 2) {
    if (Date.now() > deadline) {
      load.failures.push(`nobody got a lock within ${progressTimeoutMs} ms of a restart`)
      return
    }
    await sleep(100)
  }
}

/** What the server's processes count, each from 0, and what the clients count. */
class ProcessCounter {
  readonly #load: MixedLoad
  readonly #figures: KillFigures
  #sentAgain = 0

  constructor(load: MixedLoad, figures: KillFigures) {
    this.#load = load
    this.#figures = figures
  }

  /** To be called as late as can be before the process is killed: what it does afterwards is not counted. */
  async processEnds(): Promise<void> {
    const figures = this.#figures
    const [text, ...sent] = await Promise.all([
      this.#load.machine.server.metrics(),
      ...this.#load.vms.map((vm) => vm.sh('cat /proc/self/mountstats').then(callsSentAgain)),
    ])
    const sentAgain = sent.reduce((sum, count) => sum + count, 0)
    const metric = (name: string) => Number(new RegExp(`^fsva_${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
    if (sentAgain > this.#sentAgain) figures.killsThatHitCalls++
    figures.callsSentAgain += Math.max(0, sentAgain - this.#sentAgain)
    this.#sentAgain = Math.max(sentAgain, this.#sentAgain)
    const fromRecord = metric('reply_cache_inherited_total')
    const resumed = metric('reply_cache_resumed_total')
    if (fromRecord + resumed > 0) figures.killsThatHitChanges++
    figures.repliesFromRecord += fromRecord
    figures.resumed += resumed
    figures.locksReclaimed += metric('locks_reclaimed_total')
    for (const match of text.matchAll(/^fsva_calls_total\{program="([^"]*)".*\} (\d+)$/gm)) {
      if (match[1] === 'nlm') figures.lockCallsAnswered += Number(match[2])
      else figures.callsAnswered += Number(match[2])
    }
  }
}

/** Of an NFS mount's statistics: how many more times calls were sent than there were calls. */
export function callsSentAgain(mountstats: string): number {
  let again = 0
  for (const match of mountstats.matchAll(/^\s*[A-Z]+\d?: (\d+) (\d+) \d+ \d+ \d+ \d+ \d+ \d+/gm)) {
    again += Number(match[2]) - Number(match[1])
  }
  return again
}

/** What the log's lines about the record say, all starts together. */
function doubtsOf(load: MixedLoad): { doubts: number; happened: number } {
  const sums = { doubts: 0, happened: 0 }
  for (const line of readFileSync(load.machine.server.logFile, 'utf8').split('\n')) {
    if (!line.includes('reply record: ')) continue
    const { doubts, happened } = JSON.parse(line)
    sums.doubts += doubts
    sums.happened += happened
  }
  return sums
}
