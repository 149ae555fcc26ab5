/** Every kernel on every file system: the suites through the mount, against the suites on the file system itself. */
import { suiteNames } from '../suites/suites.ts'
import { fileSystemKinds } from '../vm/file-systems.ts'
import { type KernelName, kernelReleases } from '../vm/kernel.ts'
import { Matrix, type PairResult } from '../vm/matrix.ts'
import { type SoakContext, type SoakPart, scaled } from './part.ts'

const filesOfTree = 100

export const part: SoakPart = {
  name: 'matrix',
  title: 'Kernels and file systems',
  summary:
    'Stock Debian kernels mount exports on six kinds of file systems. On each pair a tree is unpacked, renamed, linked, ' +
    'compared from both sides and put into git, and the suites (basic, general, special, lock, posix) run. Every check that ends ' +
    'otherwise than on the file system itself must be one of the explained differences.',
  async run(context) {
    const files = scaled(context, filesOfTree)
    const matrix = await Matrix.start({ files, suites: suiteNames, suitesOptions: { timeoutMs: 1_800_000 } })
    try {
      const kernels = Object.keys(kernelReleases) as KernelName[]
      await matrix.runHere()
      // Two VMs at a time: much of the suites is waiting.
      const half = kernels.length / 2
      const ofSome = async (some: readonly KernelName[]) => {
        const results: PairResult[] = []
        for (const kernel of some) results.push(...(await ofKernel(context, matrix, kernel)))
        return results
      }
      const both = [ofSome(kernels.slice(0, half)), ofSome(kernels.slice(half))]
      const results = (await Promise.all(both)).flat()
      return {
        paragraphs: [
          'FUSE is bindfs, whose handles are from the server’s table; overlayfs is mounted with its default options, so its ' +
            'are, too. Checks that do not hold are counted where they do not hold on the file system itself either, or are ' +
            'explained.',
        ],
        tables: [
          {
            caption: '',
            columns: [
              ...['kernel of the user VM', 'file system', 'checks that held', 'that did not'],
              ...['that hold through the mount only', 'explained differences', 'unexplained'],
            ],
            rows: results.map((pair) => [
              ...[pair.version, pair.kind, pair.held, pair.notHeld],
              ...[pair.better, pair.differences - pair.wrong.length, pair.wrong.length],
            ]),
          },
        ],
        failures: results.flatMap((pair) =>
          pair.wrong.map((line) => `Linux ${pair.version} on ${pair.kind}: ${line}`),
        ),
      }
    } finally {
      matrix.close()
    }
  },
}

async function ofKernel(context: SoakContext, matrix: Matrix, kernel: KernelName): Promise<PairResult[]> {
  const vm = await matrix.boot(kernel)
  const results: PairResult[] = []
  for (const kind of fileSystemKinds) {
    const result = await matrix.pair(vm, kernel, kind)
    const { held, differences, wrong } = result
    context.progress(
      `Linux ${vm.kernelVersion} on ${kind}: ${held} held, ${differences} differ, ${wrong.length} wrong`,
    )
    for (const line of wrong) context.progress(`  ${line}`)
    results.push(result)
  }
  await vm.powerOff()
  return results
}
