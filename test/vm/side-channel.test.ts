/** The side channel between an appliance VM and a user VM, with stock kernels, over memory that both map. */
import t from 'tap'
import { devicePath } from './shared-memory.ts'
import { SideChannelScene } from './side-channel-scene.ts'

t.setTimeout(800_000)
/** Longer than any test takes: what is seen without being told is not seen by chance. */
const cachedForGood = '-o actimeo=3600'

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
    const [restored, inDoubt] = await Promise.all(
      ['restored_grants_total', 'requests_in_doubt_total'].map((name) =>
        fsva.metric(`fsva_side_channel_${name}`),
      ),
    )
    t.ok(restored! > 0, 'grants restored')
    await user.sh('touch /tmp/enough')
    const { begun, answered, failures, kept } = await loading
    t.same(failures, [])
    t.equal(answered, begun)
    t.same(kept, { isValid: true, isSame: true }, 'what was mapped before is still lent, and still the file')
    const checked = JSON.parse(await fsva.vm.sh('node /work/side-channel-records.js check /export/records'))
    t.equal(checked.count, begun)
    t.same(checked.wrong, [])
    const twice = marked.filter((number: number) => !checked.marked.includes(number))
    // Of one that was cut off in the middle the server can only look whether its bytes are there; the native tests have it
    // be found out, and what happens without the record of answers.
    t.ok(twice.length <= inDoubt!, `executed twice: ${twice}, in doubt: ${inDoubt}`)
    await user.sh('umount /mnt')
  })

  await t.test('mount and channel together', async (t) => {
    const mounted = await user.sh(
      `fsva-client mount --require-side-channel ${layout.target()} /mnt ${cachedForGood}`,
    )
    t.match(mounted, /the side channel is up/)
    t.match(await scene.stats(), {
      status: { channel: 'up', options: { rendezvous: { device: devicePath } } },
    })
    t.match(await user.sh('fsva-client ping --count 3 --interval 0'), /null call 3: /)

    const before = (await layout.calls()).get('nfs.READ') ?? 0
    await user.sh('echo 3 > /proc/sys/vm/drop_caches')
    t.equal((await user.sh('fsva-client cat /mnt/big | sha256sum')).slice(0, 64), big)
    t.equal((await layout.calls()).get('nfs.READ') ?? 0, before, 'not by NFS')
    await user.sh('fsva-client cp /tmp/big /mnt/copied')
    t.equal(await scene.sum(user, '/mnt/copied'), big)
    t.equal(await scene.sum(fsva.vm, '/export/copied'), big)
    for (const word of ['one', 'two', 'three']) {
      await user.sh(`echo ${word} > /mnt/note`)
      t.equal(await user.sh('fsva-client cat /mnt/note'), word, 'written through the mount, read by grant')
    }
  })

  await t.test('who may not open a file cannot have it by the channel', async (t) => {
    await user.sh('echo secret > /mnt/secret && chmod 600 /mnt/secret && chmod 1777 /mnt')
    const refused = await user.run('fsva-client cat /mnt/secret', { uid: 1000 })
    t.not(refused.exitCode, 0)
    t.equal(refused.stdout.length, 0)
    t.match(refused.stderr.toString(), /permission/i)
    t.equal((await user.sh('fsva-client cat /mnt/big | sha256sum', { uid: 1000 })).slice(0, 64), big)
  })

  await t.test('the stock client sees changes at once', async (t) => {
    const other = await layout.userVm({ number: 1 })
    t.teardown(() => other.powerOff())
    await other.sh(`${layout.mountCommand(1)} ${cachedForGood}`)
    const changers = { 'a program in the appliance': '/export', 'another user VM': '/mnt' }
    for (const [who, top] of Object.entries(changers)) {
      const changer = top === '/mnt' ? other : fsva.vm
      await user.sh('echo old > /mnt/file; mkdir /mnt/dir; touch /mnt/dir/old')
      const view = 'stat -c %s /mnt/file; echo /mnt/dir/*; if test -e /mnt/dir/new; then echo there; fi'
      const old = await user.sh(view)
      await changer.sh(`cd ${top} && echo newer > file && rm dir/old && touch dir/new`)
      const changed = '6\n/mnt/dir/new\nthere'
      t.equal(await scene.until(user, view, changed), changed, who)
      t.not(old, changed)
      await user.sh('rm -r /mnt/file /mnt/dir')
    }
  })

  await t.test('the agent killed: the mount goes on as NFS', async (t) => {
    const { pid } = (await scene.stats()).status
    const copying = user.run('fsva-client cp /tmp/big /mnt/during')
    await user.sh('until ls -A /mnt | grep -q fsva-cp; do sleep 0.05; done')
    await user.sh(`kill -9 ${pid}`)
    const { exitCode, stderr } = await copying
    t.equal(exitCode, 0, stderr.toString())
    // Before it had opened the target, or while it wrote it.
    t.match(stderr.toString(), /by the kernel alone/)
    t.equal(await scene.sum(fsva.vm, '/export/during'), big)
    await user.sh('echo alone > /mnt/alone')
    t.equal(await layout.onServer('cat /export/alone'), 'alone')
    t.equal(await user.sh('fsva-client cat /mnt/alone'), 'alone', 'by the kernel')
    await scene.startAgent()
    t.match(await scene.stats(), { status: { channel: 'up' } })
  })

  await t.test('the memory zeroed under way: a new region, and nothing lost', async (t) => {
    const copying = user.run('fsva-client cp /tmp/big /mnt/zeroed')
    await user.sh('until ls -A /mnt | grep -q fsva-cp; do sleep 0.05; done')
    layout.sharedMemory!.zero()
    const { exitCode, stderr } = await copying
    t.equal(exitCode, 0, stderr.toString())
    t.equal(await scene.sum(fsva.vm, '/export/zeroed'), big)
    await scene.isUp()
    t.equal((await user.sh('fsva-client cat /mnt/big | sha256sum')).slice(0, 64), big)
    await user.sh('fsva-client umount /mnt')
  })
})

interface LoadResult {
  readonly begun: number
  readonly answered: number
  readonly failures: readonly string[]
  readonly kept: unknown
}
