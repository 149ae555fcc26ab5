/** A file system of a VM's own, to run the suites on before they run through the mount: same kernel, no NFS. */
import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileSystem, makeDisk } from '../vm/disk.ts'
import type { RunScope } from '../vm/run-scope.ts'
import type { Vm } from '../vm/user-vm.ts'

const serial = 'local'
const sizeMiB = 512

/** Makes the disk; answers QEMU's arguments for it. The image goes away with the scope. */
export async function localDisk(scope: RunScope, kind: FileSystem): Promise<string[]> {
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const image = join(memory, `${scope.name}.${serial}`)
  scope.onClose(() => rmSync(image, { force: true }))
  await makeDisk(image, kind, sizeMiB)
  const file = `file=${image},if=none,id=${serial},format=raw,cache=unsafe,file.locking=off`
  return ['-drive', file, '-device', `virtio-blk-pci,drive=${serial},serial=${serial}`]
}

/** Mounts it in the VM that has it. */
export async function mountLocalDisk(vm: Vm, kind: FileSystem, directory: string): Promise<void> {
  await vm.sh(`
    mkdir -p ${directory}; modprobe ${kind} 2> /dev/null || true
    for disk in /sys/block/vd*; do test "$(cat $disk/serial)" = ${serial} && device=/dev/\${disk##*/}; done
    mount -t ${kind} "$device" ${directory}`)
}
