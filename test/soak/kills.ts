/** Kill -9 while two user VMs work: docs/locking.md and docs/reply-cache.md say what makes it go unnoticed. */
import { checkLoad } from '../vm/kills-check.ts'
import { killAtRandom } from '../vm/kills-killer.ts'
import { MixedLoad } from '../vm/kills-load.ts'
import { OneMachine } from '../vm/one-machine.ts'
import { type SoakPart, type SoakTable, scaled } from './part.ts'

/** As short as lets two emulated VMs take their locks back: most of the time between kills new locks are given. */
const graceSeconds = 5

export const part: SoakPart = {
  name: 'kills',
  title: 'Kill -9 while two user VMs work',
  summary:
    'Programs in two user VMs create, write, rename, link, remove, lock, race each other for names, use git and sqlite on one ' +
    'export; the server is killed at random moments, some of them in the grace period of the start before. No error ' +
    'reaches a program, every file is as its program knows it to be, no lock is lost or had twice.',
  async run(context) {
    const kills = scaled(context, 100)
    const machine = await OneMachine.start({ arguments: ['--grace-seconds', `${graceSeconds}`] })
    try {
      const load = await MixedLoad.boot(machine, 300 * kills + 2000)
      const seed = Math.floor(Math.random() * 1e6)
      load.start(seed)
      context.progress(`two VMs are at work (seed ${seed})`)
      const killed = await killAtRandom(load, {
        kills,
        graceSeconds,
        afterMsMax: 5500,
        earlyShare: 0.3,
        random: Math.random,
        progress: context.progress,
      })
      await load.stop()
      const { wrong, counts, filesCompared, roundsRaced } = await checkLoad(load)
      const failures = killed.kills < kills ? [...wrong, `only ${killed.kills} kills`] : wrong
      const count = (...names: string[]) => names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0)
      const tables: SoakTable[] = [
        {
          caption: 'The kills:',
          columns: ['what', 'number'],
          rows: [
            ['kills', killed.kills],
            ['of these: in the grace period of the start before', killed.early],
            ['after which clients sent calls again, which had been in flight', killed.killsThatHitCalls],
            ['that hit calls which must not run twice, done and not heard of', killed.killsThatHitChanges],
            ['NFS calls answered', killed.callsAnswered],
            ['NFS calls sent again', killed.callsSentAgain],
            ["of these: answered with a dead server's reply on record", killed.repliesFromRecord],
            ['of these: had happened without a reply, and were finished', killed.resumed],
            ['calls that the starts found begun and not answered', killed.doubts],
            ['NLM calls answered', killed.lockCallsAnswered],
            ['locks taken back', killed.locksReclaimed],
            ['errors that reached a program, files or locks that were wrong', failures.length],
          ],
        },
        {
          caption: 'The programs, both VMs together:',
          columns: ['what', 'number'],
          rows: [
            ...[...counts]
              .filter(([name]) => name.startsWith('tree '))
              .map(([name, number]) => [`changes of trees: ${name.slice(5)}`, number] as const),
            ['files compared with what they ought to be at the end', filesCompared],
            ['rounds of the race for four names each, run by both', roundsRaced],
            ['locks had: fcntl, flock', count('lock-fcntl had', 'lock-flock had', 'lock-held had')],
            [
              'of these: somebody else had it at first',
              count('lock-fcntl contended', 'lock-flock contended', 'lock-held contended'),
            ],
            [
              'looks whether a lock is still held',
              count('lock-fcntl looks', 'lock-flock looks', 'lock-held looks'),
            ],
            ['git commits', count('git commits')],
            ['git fsck and gc', count('git fscks', 'git gcs')],
            ['sqlite transactions in databases of their own', count('sqlite-own transactions')],
            ['sqlite transactions in one for both', count('sqlite-shared transactions')],
            ['sqlite integrity checks', count('sqlite-own checks', 'sqlite-shared checks')],
          ],
        },
      ]
      return { paragraphs: [], tables, failures }
    } finally {
      await machine.close()
    }
  },
}
