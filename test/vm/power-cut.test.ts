/**
 * The power of the appliance fails under load: what was promised to the programs of the user VM is there afterwards, on
 * every file system, and they go on. Two controls show that the test sees losses: a disk that ignores flushes, and an
 * export that is `async`. Twenty cuts and more are the soak's (npm run soak -- power-cuts).
 */
import { constants } from 'node:os'
import t from 'tap'
import { failingWrites } from './failing-disk.ts'
import { powerCut } from './power-cut.ts'
import { PowerCutScene, powerCutVolumes } from './power-cut-scene.ts'
import { seededRandom } from './volatile-disk.ts'

t.setTimeout(880_000)
const { EIO } = constants.errno

t.test('an appliance whose power fails', async (t) => {
  const scene = await PowerCutScene.start(powerCutVolumes)
  t.teardown(() => scene.close())
  const seed = Date.now() % 2 ** 31
  t.comment(`seed ${seed}`)

  await t.test('every promise is kept', async (t) => {
    const random = seededRandom(seed)
    const target = ['ext4', 'xfs', 'btrfs'][Math.floor(random() * 3)]!
    const mode = random() < 0.5 ? 'some' : 'none'
    const figures = await powerCut(scene, { name: 'cut', seed, random, mode, target, promisesMin: 8 })
    t.same(figures.wrong, [])
    t.ok(figures.volumes.get(target)!.unflushedSectors > 0, 'the cut hit writes that were not flushed')
    for (const [volume, losses] of figures.controlLosses) t.ok(losses > 0, `control: ${volume} loses`)
    if (figures.raw === undefined) return
    const { raw } = figures
    t.equal(raw.stableWrites, 9, 'FILE_SYNC, DATA_SYNC and COMMIT')
    t.equal(raw.unstableWrites, 3)
    t.equal(raw.repliesFromRecord, 30)
    t.equal(raw.repliesWithoutRecord, 30)
    t.equal(raw.asyncDoneAgain, 1, 'a reply is believed only if what it says was stable before it')
  })

  for (const volume of scene.volumes.filter(({ name }) => ['ext4', 'xfs', 'btrfs'].includes(name))) {
    await t.test(`${volume.name}: a write that fails on the disk`, async (t) => {
      const seen = await failingWrites(scene, volume)
      const ways = ['fsync', 'fdatasync', 'osync', 'odirect', 'close']
      t.same(seen.errors, { ...Object.fromEntries(ways.map((way) => [way, EIO])), other: 0 })
      t.ok(seen.faults > 0, 'by an error of the disk')
      t.ok(seen.isResent, 'the write verifier has changed')
      t.ok(seen.isOtherKept, 'what had been written to another file is not lost')
      t.ok(seen.isLaterKept, 'the file can be written again')
    })
  }
})
