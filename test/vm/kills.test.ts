/** Two user VMs under a mixed load while the server is killed: no program sees anything of it but the wait. */
import t from 'tap'
import { checkLoad } from './kills-check.ts'
import { killedCommands, killOnOperation, killWithLockHeld } from './kills-controls.ts'
import { killAtRandom } from './kills-killer.ts'
import { MixedLoad } from './kills-load.ts'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

const graceSeconds = 8
const kills = 4

t.test(`two user VMs at work while the server is killed ${kills} times`, async (t) => {
  const machine = await OneMachine.start({ arguments: ['--grace-seconds', `${graceSeconds}`] })
  t.teardown(() => machine.close())
  const load = await MixedLoad.boot(machine, 3000)
  load.start(Math.floor(Math.random() * 1e6))
  const figures = await killAtRandom(load, {
    kills,
    graceSeconds,
    afterMsMax: 2000,
    earlyShare: 0.3,
    random: Math.random,
  })
  await load.stop()
  const { wrong, counts, ...others } = await checkLoad(load)
  t.same(wrong, [])
  t.comment(JSON.stringify({ ...figures, ...others, ...Object.fromEntries(counts) }))
})

t.test('what the same kills do without the mechanisms', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const { vms } = await MixedLoad.boot(machine, 0)
  for (const [procedure, killed] of Object.entries(killedCommands)) {
    const said = await killOnOperation(machine, vms[0]!, `/mnt/kept-${procedure}`, killed, 'kept')
    t.equal(said, '', `${procedure}: nothing is seen of the kill`)
  }
  for (const [procedure, killed] of Object.entries(killedCommands)) {
    const said = await killOnOperation(machine, vms[0]!, `/mnt/lost-${procedure}`, killed, 'lost')
    t.match(said, /File exists|No such file/, `${procedure}: the program sees an error if the record is lost`)
  }
  t.equal(await killWithLockHeld(machine, vms, 8), '', 'nobody else gets the lock')
  t.match(await killWithLockHeld(machine, vms, 0), /FAILED: lock/, 'without a grace period somebody does')
})
