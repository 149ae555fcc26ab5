import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { defaultKernel, type KernelName, kernelReleases } from './kernel.ts'
import { OneMachine } from './one-machine.ts'
import { makeSourceTree } from './source-tree.ts'
import { clientView, firstDifferences, serverView } from './view.ts'

t.setTimeout(800_000)
const others = (Object.keys(kernelReleases) as KernelName[]).filter((name) => name !== defaultKernel)

t.test('the stock clients of other kernels', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const tarPath = join(machine.scope.directory, 'tree.tar')
  await makeSourceTree(join(machine.scope.directory, 'made'), tarPath, 100)
  await command('cp', [tarPath, join(machine.exportDirectory, 'tree.tar')])

  for (const kernel of others) {
    await t.test(kernel, async (t) => {
      const vm = await machine.mountedVm({ kernel })
      t.comment(`Linux ${vm.kernelVersion}, up in ${Math.round(vm.bootMs)} ms`)
      await vm.sh(`mkdir /mnt/${kernel} && tar -C /mnt/${kernel} -xf /mnt/tree.tar`)
      await vm.sh(
        `cd /mnt/${kernel} && mv tree moved && ln moved/part-0/module-0/file-1.ts hard && chmod 600 hard`,
      )
      await vm.sh(`umount /mnt && ${machine.mountCommand()}`)
      const server = await serverView(join(machine.exportDirectory, kernel))
      t.same(firstDifferences(await clientView(vm, `/mnt/${kernel}`), server), [])
      await vm.sh(
        `cd /mnt && git -C /mnt/${kernel} init -q . && git -C /mnt/${kernel} add -A && rm -rf /mnt/${kernel}`,
      )
      await vm.powerOff()
    })
  }
})
