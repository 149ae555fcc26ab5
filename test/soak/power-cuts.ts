import { type PowerCutFigures, powerCut } from '../vm/power-cut.ts'
import { PowerCutScene, powerCutVolumes } from '../vm/power-cut-scene.ts'
import { type CutMode, seededRandom } from '../vm/volatile-disk.ts'
import { type SoakPart, type SoakResult, type SoakTable, scaled } from './part.ts'

const cuts = 20
const modes: readonly CutMode[] = ['none', 'some']
/** Whose disk has just been written to when the power fails; `state` is the server's state directory. */
const targets = ['ext4', 'xfs', 'btrfs', 'ext4', 'xfs', 'btrfs', 'state']

export const part: SoakPart = {
  name: 'power-cuts',
  title: 'Power cuts',
  summary:
    'The appliance is a VM with ext4, xfs and btrfs exported, each on a disk that keeps in memory what was not flushed, ' +
    'and its state directory on another one. While programs in a user VM write with fsync, fdatasync, O_SYNC, O_DSYNC, ' +
    'O_DIRECT, msync, close and on a mount with `-o sync`, and make, rename, link, remove and change objects, the emulator ' +
    'is killed right after a write to a disk. Half of the cuts drop everything that was not flushed, half leave a random ' +
    'part of it, sector by sector. The VM boots again, and everything that was promised before the cut has to be there, ' +
    'first as the appliance itself sees it, later through the mount, when the programs have gone on. ' +
    'Controls: a disk that acknowledges flushes and ignores them, and an export that is `async`.',
  async run(context) {
    const count = scaled(context, cuts)
    const seed = Date.now() % 2 ** 31
    const random = seededRandom(seed)
    const scene = await PowerCutScene.start(powerCutVolumes)
    const all: PowerCutFigures[] = []
    const failures: string[] = []
    try {
      for (let cut = 0; cut < count; cut++) {
        const mode = modes[cut % modes.length]!
        const target = targets[cut % targets.length]!
        const progress = (text: string) => context.progress(`cut ${cut + 1} of ${count}: ${text}`)
        const options = { name: `cut-${cut}`, seed: seed + 1000 * cut, random, mode, target, progress }
        const figures = await powerCut(scene, { ...options, promisesMin: 10 })
        all.push(figures)
        if (figures.wrong.length > 0) progress(`${figures.wrong.length} broken: ${figures.wrong[0]}`)
        // A promise that was broken confuses the programs from then on.
        if (figures.wrong.length > 20) break
      }
    } catch (error) {
      // The cuts before it have their figures.
      failures.push(`cut ${all.length + 1} could not be made: ${(error as Error).message}`)
    } finally {
      scene.close()
    }
    return result(all, seed, failures)
  },
}

function result(all: readonly PowerCutFigures[], seed: number, errors: readonly string[]): SoakResult {
  const failures = [...errors]
  const broken = all.flatMap(({ wrong }, cut) => wrong.map((line) => `cut ${cut + 1}: ${line}`))
  failures.push(...broken)
  for (const name of ['liar', 'async']) {
    for (const [cut, { controlLosses }] of all.entries())
      if (controlLosses.get(name) === 0) failures.push(`cut ${cut + 1}: control ${name} has lost nothing`)
  }
  return {
    paragraphs: [`Seed ${seed}.`],
    tables: [disks(all), controls(all), promises(all), raw(all)],
    failures,
  }
}

function disks(all: readonly PowerCutFigures[]): SoakTable {
  const names = [...powerCutVolumes.filter(({ sync, ignoresFlushes }) => sync !== false && !ignoresFlushes)]
  const rows = [...names.map(({ name }) => name), 'state'].map((name) => {
    const figures = all.map(({ volumes }) => volumes.get(name)!)
    const lost = all.flatMap(({ wrong }) => wrong).filter((line) => line.includes(`: ${name}: `)).length
    return [
      name === 'state' ? 'ext4 (state directory)' : name,
      all.length,
      figures.filter(({ unflushedSectors }) => unflushedSectors > 0).length,
      sum(figures.map(({ unflushedSectors }) => unflushedSectors)),
      sum(figures.map(({ lostSectors }) => lostSectors)),
      ...(name === 'state'
        ? ['', '', '']
        : [
            sum(figures.map(({ interrupted }) => interrupted)),
            sum(figures.map(({ alreadyDone }) => alreadyDone)),
            lost,
          ]),
    ]
  })
  const columns = ['disk', 'cuts', 'that hit unflushed writes', 'sectors not flushed', 'of these lost']
  const more = ['operations cut short', 'of these told "done before"', 'promises broken']
  return { caption: 'What the cuts hit:', columns: [...columns, ...more], rows }
}

function controls(all: readonly PowerCutFigures[]): SoakTable {
  const names = { liar: 'ext4 on a disk that ignores flushes', async: 'ext4, export with `async`' }
  const rows = Object.entries(names).map(([name, text]) => {
    const losses = all.map(({ controlLosses }) => controlLosses.get(name)!)
    const lostSectors = sum(all.map(({ volumes }) => volumes.get(name)!.lostSectors))
    return [text, all.length, losses.filter((lost) => lost > 0).length, lostSectors, sum(losses)]
  })
  const columns = ['control', 'cuts', 'that broke promises', 'sectors lost', 'objects not as promised']
  return { caption: 'The controls, in the same cuts:', columns, rows }
}

function promises(all: readonly PowerCutFigures[]): SoakTable {
  const counts = new Map<string, number>()
  for (const figures of all) {
    for (const [kind, count] of figures.promises) counts.set(kind, (counts.get(kind) ?? 0) + count)
  }
  const rows: (string | number)[][] = [...counts].sort(([, a], [, b]) => b - a)
  return {
    caption: 'Promises that were made and checked, without the controls:',
    columns: ['kind', 'number'],
    rows: [...rows, ['all', sum([...counts.values()])]],
  }
}

function raw(all: readonly PowerCutFigures[]): SoakTable {
  const total = (pick: (figures: NonNullable<PowerCutFigures['raw']>) => number) =>
    sum(all.map(({ raw }) => (raw === undefined ? 0 : pick(raw))))
  return {
    caption:
      'A client of our own beside them, which knows what the server answered. After every cut the write verifier was ' +
      'another one, and the same in all replies:',
    columns: ['what', 'number'],
    rows: [
      ['WRITE FILE_SYNC, WRITE DATA_SYNC, COMMIT: still there', total((figures) => figures.stableWrites)],
      ['WRITE UNSTABLE without COMMIT, sent again', total((figures) => figures.unstableWrites)],
      ['of these: lost by the cut', total((figures) => figures.unstableLost)],
      [
        'calls repeated after the cut whose reply was on the disk: got that reply',
        total((figures) => figures.repliesFromRecord),
      ],
      [
        'calls repeated whose reply was not: OK, or told "done before"',
        total((figures) => figures.repliesWithoutRecord),
      ],
      [
        'calls of an `async` export lost with their reply on the disk: done again',
        total((figures) => figures.asyncDoneAgain),
      ],
    ],
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
