/** Two user VMs under a mixed load while the server is killed: no program sees anything of it but the wait. */
import t from 'tap'
import { checkLoad } from './kills-check.ts'
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
