/** The stock clients of every kernel, each kind of file system: here one pair per axis, all of them in the soak. */
import t from 'tap'
import type { FileSystemKind } from './file-systems.ts'
import type { KernelName } from './kernel.ts'
import { Matrix } from './matrix.ts'

t.setTimeout(800_000)

const pairs: Readonly<Record<KernelName, readonly FileSystemKind[]>> = {
  '5.10': ['xfs', 'overlayfs'],
  '6.1': ['ext4'],
  '6.12': ['btrfs', 'FUSE'],
  newest: ['tmpfs'],
}

t.test('kernels and file systems', async (t) => {
  const matrix = await Matrix.start({ files: 50, suites: ['basic', 'lock'] })
  t.teardown(() => matrix.close())
  for (const [kernel, kinds] of Object.entries(pairs) as [KernelName, readonly FileSystemKind[]][]) {
    const vm = await matrix.boot(kernel)
    for (const kind of kinds) {
      const { version, held, wrong } = await matrix.pair(vm, kernel, kind)
      t.same(wrong, [], `Linux ${version} on ${kind}`)
      t.ok(held > 0, `${held} checks held`)
    }
    await vm.powerOff()
  }
})
