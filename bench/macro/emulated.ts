/**
 * The real layout: an appliance VM that runs fsva-nfsd and the kernel's NFS server at the same time, which export the same
 * file system, and a user VM with the stock client and a disk of its own.
 */
import { join } from 'node:path'
import { debianDisk, inDebianRoot, mountDebianRoot } from '../../test/vm/debian-root.ts'
import { makeDisk } from '../../test/vm/disk.ts'
import { kernelNfsdMountPort, kernelNfsdPort, startKernelNfsd } from '../../test/vm/kernel-nfsd.ts'
import { RunScope } from '../../test/vm/run-scope.ts'
import { TwoVms } from '../../test/vm/two-vms.ts'
import { linkDisks, virtioDisk } from '../../test/vm/virtio-disk.ts'
import { clientRoot } from './client-root.ts'
import { type Machines, nfsMount } from './machines.ts'
import type { Sizes } from './workload.ts'

/** Node's instructions are translated as the kernel's are, but it has many more of them for a call. */
const emulated =
  'The processors are emulated (no usable KVM here): the comparison of fsva with knfsd is informational.'
const durable =
  'Both servers make every change of a directory durable before they answer (sync, their default); a local disk does not.'
const localMiB = 2048
const clientMemoryMiB = 1536

export async function emulatedMachines(sizes: Sizes): Promise<Machines> {
  const root = debianDisk(await clientRoot(sizes))
  const layout = await TwoVms.start({ fileSystem: 'ext4', deviceArguments: root })
  const scope = new RunScope()
  const close = async () => {
    await layout.close()
    scope.close()
  }
  try {
    const { fsva, exportDirectory } = layout
    await mountDebianRoot(fsva.vm)
    await startKernelNfsd(fsva.vm, exportDirectory)
    const local = join(scope.directory, 'local.ext4')
    await makeDisk(local, 'ext4', localMiB)
    const deviceArguments = [...root, ...virtioDisk('local', local, false)]
    const user = await layout.userVm({ memoryMiB: clientMemoryMiB, deviceArguments })
    await linkDisks(user)
    await mountDebianRoot(user)
    await user.sh('modprobe ext4')
    const nfs = (port: number, mountPort: number) =>
      nfsMount(fsva.address, exportDirectory, { port, mountPort })
    return {
      description:
        'An appliance VM runs fsva-nfsd and the kernel’s NFS server, which export the same ext4; a user VM mounts either, or a virtio disk of its own with ext4. Two processors each.',
      remark: `${durable}${user.acceleration === 'kvm' ? '' : ` ${emulated}`}`,
      kernel: user.kernelVersion,
      targets: [
        { name: 'fsva', mount: nfs(2049, 20048) },
        { name: 'knfsd', mount: nfs(kernelNfsdPort, kernelNfsdMountPort) },
        { name: 'local', mount: '-t ext4 /run/disk/local' },
      ],
      bash: (input, timeoutMs) =>
        user.sh(`export PATH=/usr/local/bin:$PATH; ${inDebianRoot} /bin/bash -ec "$(cat)"`, {
          input,
          timeoutMs,
        }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
