/** The side channel between an appliance VM and a user VM, with stock kernels, over memory that both map. */
import t from 'tap'
import { SideChannelScene } from './side-channel-scene.ts'

t.setTimeout(800_000)

t.test('over devdax', async (t) => {
  const scene = await SideChannelScene.start()
  t.teardown(() => scene.close())
  const { user, layout } = scene
  const { fsva } = layout
  await fsva.vm.sh('head -c 67108864 /dev/urandom > /export/big && sync && chmod 644 /export/big')
  const big = await scene.sum(fsva.vm, '/export/big')

  await t.test("by the client's own API", async (t) => {
    await user.sh(layout.mountCommand())
    t.same(await scene.work('sums /mnt/big'), { read: big, mapped: big }, '64 MiB by grant and by map')
    await user.sh('cp /mnt/big /tmp/big && touch /mnt/copy')
    await scene.work('write /tmp/big /mnt/copy')
    t.equal(await scene.sum(user, '/mnt/copy'), big, 'written by grant, read by NFS')
    t.match(await scene.work('rights /mnt/big'), { code: 'EBADF' }, 'a read-only descriptor cannot write')
  })

  await t.test('the server killed and started again while a program writes by grant', async (t) => {
    await user.sh('rm -f /tmp/enough; touch /mnt/records')
    const loading = scene.work('load /mnt/records /mnt/big') as Promise<LoadResult>
    await scene.grows('/export/records')
    await fsva.stopServer('KILL')
    // What was executed is not there any more: whoever executes it again will be seen.
    const marked = JSON.parse(await fsva.vm.sh('node /work/side-channel-records.js mark /export/records'))
    await fsva.startServer()
    await scene.grows('/export/records')
    await user.sh('touch /tmp/enough')
    const { begun, answered, failures, kept } = await loading
    t.same(failures, [])
    t.equal(answered, begun)
    t.same(kept, { isValid: true, isSame: true }, 'what was mapped before is still lent, and still the file')
    const checked = JSON.parse(await fsva.vm.sh('node /work/side-channel-records.js check /export/records'))
    t.equal(checked.count, begun)
    t.same(checked.wrong, [])
    const twice = marked.filter((number: number) => !checked.marked.includes(number))
    t.same(twice, [])
    await user.sh('umount /mnt')
  })
})

interface LoadResult {
  readonly begun: number
  readonly answered: number
  readonly failures: readonly string[]
  readonly kept: unknown
}
