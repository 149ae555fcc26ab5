/** Kill -9 while two user VMs work: docs/locking.md and docs/reply-cache.md say what makes it go unnoticed. */
import { checkLoad, type LoadFigures } from '../vm/kills-check.ts'
import { LockGaps } from '../vm/kills-gap.ts'
import { type KillFigures, killAtRandom } from '../vm/kills-killer.ts'
import { MixedLoad } from '../vm/kills-load.ts'
import { OneMachine } from '../vm/one-machine.ts'
import { type SoakContext, type SoakPart, type SoakResult, type SoakTable, scaled } from './part.ts'

/**
 * Short, so that new locks are given most of the time, but longer than a client may take: one that was refused a
 * connection waits 3 s, then 6, before it tries again.
 */
const graceSeconds = 10
/** Kills that a load without one of the mechanisms may survive. */
const controlKillsMax = 30

export const part: SoakPart = {
  name: 'kills',
  title: 'Kill -9 while two user VMs work',
  summary:
    'Programs in two user VMs create, write, rename, link, remove, lock, race each other for names, use git and sqlite on one ' +
    'export; the server is killed at random moments, some of them in the grace period of the start before. No error ' +
    'reaches a program, every file is as its program knows it to be, no lock is lost or had twice.',
  async run(context) {
    const result = await kill(context)
    const controls = [
      await control(
        context,
        'no reply cache (reply_cache_bytes_max 0)',
        ['--reply-cache-bytes-max', '0'],
        graceSeconds,
      ),
      await control(context, 'no grace period (grace_seconds 0)', [], 0),
    ]
    return {
      ...result,
      tables: [
        ...result.tables,
        {
          caption: 'The same load without one of the mechanisms, until the first error:',
          columns: ['without', 'kills', 'what a program saw'],
          rows: controls.map(({ without, kills, seen }) => [without, kills, seen ?? 'nothing']),
        },
      ],
      failures: [
        ...result.failures,
        ...controls
          .filter(({ seen }) => seen === undefined)
          .map(({ without, kills }) => `${without}: nothing failed in ${kills} kills`),
      ],
    }
  },
}

async function kill(context: SoakContext): Promise<SoakResult> {
  const kills = scaled(context, 100)
  const machine = await OneMachine.start({ arguments: ['--grace-seconds', `${graceSeconds}`] })
  try {
    const load = await MixedLoad.boot(machine, 300 * kills + 2000)
    const gaps = await LockGaps.watch(machine, 'locks/held')
    const seed = Math.floor(Math.random() * 1e6)
    load.start(seed)
    context.progress(`two VMs are at work (seed ${seed})`)
    const { random } = Math
    const timing = { graceSeconds, afterMsMax: 5500, earlyShare: 0.3, random }
    const killed = await killAtRandom(load, { kills, ...timing, progress: context.progress })
    await load.stop()
    const figures = await checkLoad(load)
    const { wrong } = figures
    if (wrong.length > 0) context.progress(`the server's log:\n${machine.server.logTail(200)}`)
    return {
      paragraphs: [
        `Grace period of ${graceSeconds} s. The server was back ${seconds(killed.restartsMs)}.`,
        gapParagraph(await gaps.end()),
      ],
      tables: [killTable(killed, wrong.length), programTable(figures)],
      failures: killed.kills < kills ? [...wrong, `only ${killed.kills} kills`] : wrong,
    }
  } finally {
    await machine.close()
  }
}

/** Kills until a program sees it. */
async function control(context: SoakContext, without: string, options: readonly string[], grace: number) {
  context.progress(`counter-check: ${without}`)
  const machine = await OneMachine.start({ arguments: ['--grace-seconds', `${grace}`, ...options] })
  try {
    const load = await MixedLoad.boot(machine, 300 * controlKillsMax)
    load.start(Math.floor(Math.random() * 1e6))
    const timing = { graceSeconds: grace, afterMsMax: 3000, earlyShare: 0, random: Math.random }
    const { kills } = await killAtRandom(load, { kills: controlKillsMax, ...timing })
    const seen = load.failures[0]?.replace(/: exit code \d+: (.*\n)*(?=FAILED)/, ': ').split('\n')[0]
    return { without, kills, seen }
  } finally {
    await machine.close()
  }
}

function gapParagraph(gaps: readonly number[]): string {
  if (gaps.length === 0) return 'No lock was held over a kill.'
  return (
    'What a program next to the server could have taken: a lock that a client held was not there from the kill until the ' +
    `client had taken it back, ${gaps.length} times; it was there again ${seconds(gaps)}.`
  )
}

function seconds(times_ms: readonly number[]): string {
  const sorted = times_ms.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)]! / 1000).toFixed(2)
  return `after ${at(0)} to ${at(1)} s, ${at(0.5)} s in the median`
}

function killTable(killed: KillFigures, errors: number): SoakTable {
  return {
    caption: 'The kills:',
    columns: ['what', 'number'],
    rows: [
      ['kills', killed.kills],
      ['of these: in the grace period of the start before', killed.early],
      ['after which clients sent calls again that had been in flight', killed.killsThatHitCalls],
      ['that hit calls which must not run twice, done and not heard of', killed.killsThatHitChanges],
      ['NFS calls answered', killed.callsAnswered],
      ['NFS calls sent again', killed.callsSentAgain],
      ["of these: answered with a dead server's reply on record", killed.repliesFromRecord],
      ['of these: had happened without a reply, and were finished', killed.resumed],
      ['calls that the starts found begun and not answered', killed.doubts],
      ['NLM calls answered', killed.lockCallsAnswered],
      ['locks taken back', killed.locksReclaimed],
      ['errors that reached a program, files or locks that were wrong', errors],
    ],
  }
}

function programTable({ counts, filesCompared, roundsRaced }: LoadFigures): SoakTable {
  const sum = (...names: string[]) => names.reduce((total, name) => total + (counts.get(name) ?? 0), 0)
  const locks = (what: string) => sum(...['fcntl', 'flock', 'held'].map((file) => `lock-${file} ${what}`))
  const trees = [...counts].filter(([name]) => name.startsWith('tree '))
  return {
    caption: 'The programs, both VMs together:',
    columns: ['what', 'number'],
    rows: [
      ...trees.map(([name, number]) => [`trees: ${name.slice(5).replace('_', ' ')}`, number] as const),
      ['files compared with what they ought to be at the end', filesCompared],
      ['rounds of the race for four names each, run by both', roundsRaced],
      ['locks had (fcntl and flock)', locks('had')],
      ['of these: somebody else had it at first', locks('contended')],
      ['looks whether a lock is still held', locks('looks')],
      ['git commits', sum('git commits')],
      ['git fsck and gc', sum('git fscks', 'git gcs')],
      ['sqlite transactions in databases of their own', sum('sqlite-own transactions')],
      ['sqlite transactions in one for both', sum('sqlite-shared transactions')],
      ['sqlite integrity checks', sum('sqlite-own checks', 'sqlite-shared checks')],
    ],
  }
}
