import { ClientError, ExitCode } from '../exit-codes.ts'
import type { KernelTree } from './kernel-tree.ts'

const devices = '/sys/bus/nd/devices'

/** Persistent memory as the kernel found it: `namespaceN.M`, of which `/dev/daxN.M` can be made. */
export interface Namespace {
  readonly name: string
  /** Its attributes. */
  readonly path: string
  /** The region that it is in. */
  readonly region: string
  /** What the character device is called. */
  readonly dax: string
  readonly bytes: number
}

/** All that have memory: the kernel shows an empty one per region, too, from which others could be made. */
export function findNamespaces(kernel: KernelTree): readonly Namespace[] {
  return kernel.list(devices).flatMap((name) => {
    const numbers = /^namespace(\d+)\.(\d+)$/.exec(name)
    if (numbers === null) return []
    const path = `${devices}/${name}`
    const bytes = Number(kernel.read(`${path}/size`) ?? 0)
    const region = `${devices}/region${numbers[1]}`
    return bytes > 0 ? [{ name, path, region, dax: `dax${numbers[1]}.${numbers[2]}`, bytes }] : []
  })
}

/** The one that was asked for, or the only one. Throws ClientError. */
export function chooseNamespace(kernel: KernelTree, wanted: string | undefined): Namespace {
  const all = findNamespaces(kernel)
  if (all.length === 0) {
    throw new ClientError(
      ExitCode.noChannel,
      'this machine has no persistent memory device, which shared memory looks like in a VM',
      'give both VMs the same memory: -object memory-backend-file,share=on,... and -device virtio-pmem-pci or nvdimm',
    )
  }
  const names = all.map(({ name }) => name).join(', ')
  if (wanted === undefined) {
    if (all.length === 1) return all[0]!
    throw new ClientError(ExitCode.usage, `there are several: ${names}`, 'say which: --namespace NAME')
  }
  const found = all.find(({ name }) => name === wanted)
  if (found !== undefined) return found
  throw new ClientError(ExitCode.usage, `there is no ${wanted} with any memory`, `there is ${names}`)
}

/** Throws a ClientError if the memory is somebody's: what becomes a channel is overwritten. */
export function checkUnused(kernel: KernelTree, namespace: Namespace, force: boolean): void {
  for (const disk of kernel.list(`${namespace.path}/block`)) {
    const block = `${namespace.path}/block/${disk}`
    const holders = kernel.list(`${block}/holders`)
    if (holders.length > 0) throw inUse(namespace, `/dev/${disk} is part of ${holders.join(', ')}`)
    const number = kernel.read(`${block}/dev`)
    const mounts = kernel.read('/proc/self/mountinfo') ?? ''
    const mounted = mounts.split('\n').find((line) => line.split(' ')[2] === number)
    if (mounted !== undefined) throw inUse(namespace, `/dev/${disk} is mounted on ${mounted.split(' ')[4]}`)
    // Every file system, partition table and swap area has its mark here.
    if (!force && kernel.readStart(`/dev/${disk}`, startBytes).some((byte) => byte !== 0)) {
      throw new ClientError(
        ExitCode.noChannel,
        `${namespace.name} (/dev/${disk}) holds data: memory for a channel begins with zeros`,
        'choose another with --namespace, or have it overwritten with --force',
      )
    }
  }
}

const startBytes = 128 * 1024

function inUse(namespace: Namespace, why: string): ClientError {
  return new ClientError(ExitCode.noChannel, `${namespace.name} is in use: ${why}`, 'choose another memory')
}
