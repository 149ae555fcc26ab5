/**
 * Two user VMs under a mixed load while the server is killed: no program sees anything of it but the wait. As a
 * counter-check, what programs see of the same kills without the record of replies and without a grace period.
 */
import t from 'tap'
import { checkLoad } from './kills-check.ts'
import { killedCommands, killOnOperation, killWithoutGrace, letDieOnOperation } from './kills-controls.ts'
import { killAtRandom } from './kills-killer.ts'
import { MixedLoad } from './kills-load.ts'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

const graceSeconds = 10
const kills = 4

t.test('two user VMs', async (t) => {
  const machine = await OneMachine.start({ arguments: ['--grace-seconds', `${graceSeconds}`] })
  t.teardown(() => machine.close())
  const load = await MixedLoad.boot(machine, 3000)
  const { vms } = load

  await t.test(`at work while the server is killed ${kills} times`, async (t) => {
    load.start(Math.floor(Math.random() * 1e6))
    letDieOnOperation(machine)
    const timing = { graceSeconds, afterMsMax: 2000, earlyShare: 0.3, random: Math.random }
    const figures = await killAtRandom(load, { kills, ...timing })
    await load.stop()
    const { wrong, counts, filesCompared, roundsRaced } = await checkLoad(load)
    t.same(wrong, [])
    t.equal(figures.kills, kills)
    t.comment(JSON.stringify({ ...figures, filesCompared, roundsRaced, ...Object.fromEntries(counts) }))
    for (const what of ['tree create', 'race rounds', 'lock-fcntl had', 'lock-flock had', 'lock-held had'])
      t.ok((counts.get(what) ?? 0) > 0, what)
    if (wrong.length > 0) t.comment(machine.server.logTail(60))
  })

  await Promise.all(vms.map((vm) => vm.sh(machine.lockingMountCommand())))
  for (const [procedure, killed] of Object.entries(killedCommands)) {
    await t.test(`killed between ${procedure} and its reply`, async (t) => {
      const kept = await killOnOperation(machine, vms[0]!, `/mnt/kept-${procedure}`, killed, 'kept')
      t.equal(kept, '', 'nothing is seen of it')
      const lost = await killOnOperation(machine, vms[0]!, `/mnt/lost-${procedure}`, killed, 'lost')
      t.match(lost, /File exists|No such file/, 'without the record of replies the program sees an error')
    })
  }

  await t.test('without a grace period a lock is lost to the other VM', async (t) => {
    t.match(await killWithoutGrace(machine, vms), /FAILED: lock/)
  })
})
