/** Disks of VMs, as QEMU's arguments, and how a VM finds them. */
import type { Vm } from './user-vm.ts'

/** A virtio disk with a serial number; what the VM flushes is flushed. `path`: of an image, or the address of a block server. */
export function virtioDisk(serial: string, path: string, readOnly: boolean): string[] {
  const isServer = path.startsWith('nbd')
  const options = [
    ...[`file=${path}`, 'if=none', `id=${serial}`, 'format=raw', 'cache=writeback'],
    // The VM, and not QEMU, decides what to do about an error.
    ...['werror=report', 'rerror=report', `readonly=${readOnly ? 'on' : 'off'}`],
    ...(isServer ? [] : ['file.locking=off']),
  ]
  const device = `virtio-blk-pci,drive=${serial},serial=${serial}`
  return ['-drive', options.join(','), '-device', device]
}

/** Makes /run/disk/SERIAL of every disk. */
export async function linkDisks(vm: Vm): Promise<void> {
  await vm.sh(`
    mkdir -p /run/disk
    for disk in /sys/block/vd*; do ln -s /dev/\${disk##*/} /run/disk/$(cat $disk/serial); done`)
}
