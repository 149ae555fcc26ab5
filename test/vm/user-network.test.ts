import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

// What a run without root uses; chosen before the layout looks.
process.env.FSVA_VM_NETWORK = 'user'
t.setTimeout(800_000)

t.test("over QEMU's user networking: free ports, unprivileged source ports", async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  t.equal(machine.network.kind, 'user')
  const vm = await machine.mountedVm()
  await vm.sh('seq 100000 > /mnt/numbers && sync')
  const here = await readFile(join(machine.exportDirectory, 'numbers'))
  t.ok(here.equals((await vm.run('cat /mnt/numbers')).stdout))
  await machine.server.restart('SIGKILL')
  t.equal(
    await vm.sh('echo more >> /mnt/numbers && tail -1 /mnt/numbers'),
    'more',
    'the same ports after a restart',
  )
})
