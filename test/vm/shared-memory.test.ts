/** The same memory in an appliance VM and in a user VM, with stock kernels, as a device: cached and coherent. */
import t from 'tap'
import type { KernelName } from './kernel.ts'
import { deviceInfoBytes, devicePath } from './shared-memory.ts'
import { TwoVms } from './two-vms.ts'
import type { Vm } from './user-vm.ts'

t.setTimeout(400_000)
const bytes = 128 << 20
const usableBytes = bytes - deviceInfoBytes
const turns = 2000
const additions = 1_000_000
const racesMax = 50
/** The default one is shown by the side channel's test. */
const kernels: readonly KernelName[] = ['5.10', 'newest']

t.test('what one VM stores the other one loads', async (t) => {
  const layout = await TwoVms.start({ fileSystem: 'ext4', sharedMemory: { bytes, unused: true } })
  t.teardown(() => layout.close())
  const appliance = layout.fsva.vm
  const on = (vm: Vm, words: string) => vm.sh(`fsva-shared-memory ${devicePath} ${words}`)

  for (const kernel of kernels) {
    await t.test(`user VM with kernel ${kernel}`, async (t) => {
      // As if this were the first VM: the appliance's kernel has read the description that goes away here.
      layout.sharedMemory!.zero(true)
      const user = await layout.userVm({ kernel, fsvaClient: true, device: false })
      t.teardown(() => user.powerOff())
      const steps = (await user.sh('fsva-client setup-device --bytes 64M')).split('\n')
      t.match(steps.at(-2), /^echo \S+ > .*\/dax_pmem\/bind$/)
      t.equal(steps.at(-1), `${devicePath} is ready: ${usableBytes} bytes`)
      await on(appliance, `store 4096 "appliance to ${kernel}"`)
      t.equal(await on(user, 'load 4096'), `appliance to ${kernel}`)
      await on(user, `store 4096 "${kernel} to appliance"`)
      t.equal(await on(appliance, 'load 4096'), `${kernel} to appliance`)

      const both = (words: (side: number) => string) =>
        Promise.all([appliance, user].map((vm, side) => on(vm, words(side))))
      await on(appliance, 'clear 8192')
      t.equal((await both((side) => `turns 8192 ${side} ${turns}`))[1], `${2 * turns}`)
      await on(user, 'clear 8192')
      await both(() => `count 8192 ${additions}`)
      t.equal(await on(user, 'number 8192'), `${2 * additions}`, 'atomic operations are atomic between VMs')

      let lost = false
      for (let race = 0; race < racesMax && !lost; race++) {
        await on(user, 'clear 8192')
        await both(() => `race 8192 ${additions}`)
        lost = Number(await on(appliance, 'number 8192')) < 2 * additions
      }
      t.ok(lost, 'and without them additions are lost: both VMs were at it at the same time')

      const file = `/export/direct-${kernel}`
      await appliance.sh(`head -c 1048576 /dev/urandom > ${file} && sync ${file}`)
      t.equal(await on(appliance, `fill 1048576 ${file}`), '1048576', 'the disk reads into the device')
      const sum = async (vm: Vm, from: string) => (await vm.sh(`${from} | sha256sum`)).slice(0, 64)
      const fromDevice = `fsva-shared-memory ${devicePath} dump 1048576 1048576`
      t.equal(await sum(user, fromDevice), await sum(appliance, `cat ${file}`))

      layout.sharedMemory!.zero()
      t.equal(await on(user, 'load 4096'), '', 'zeroed from outside')
      await on(user, 'store 4096 "still the same memory"')
      t.equal(await on(appliance, 'load 4096'), 'still the same memory')
    })
  }
})
