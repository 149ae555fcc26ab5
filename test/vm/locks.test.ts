import t from 'tap'
import { OneMachine } from './one-machine.ts'

t.setTimeout(240_000)

t.test('one user VM, mounted without nolock', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const vm = await machine.userVm()
  await vm.sh(machine.lockingMountCommand())

  await t.test('the mount keeps its locks on the server', async (t) => {
    t.notMatch(await vm.sh('grep " /mnt nfs" /proc/mounts'), /nolock|local_lock=(all|flock)/)
  })

  await t.test('flock(1) and fcntl locks', async (t) => {
    t.equal(await vm.sh('flock -n /mnt/one echo locked'), 'locked')
    t.equal(await vm.sh('fsva-lock-range /mnt/one write 0 10'), 'granted')
    t.equal(await vm.sh('fsva-lock-range /mnt/one test 0 10'), 'free')
  })
})
