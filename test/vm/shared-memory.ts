/** Memory that several VMs have in common: an NVDIMM in each, and in each the character device that maps it. */
import { closeSync, existsSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { RunScope } from './run-scope.ts'
import type { Vm } from './user-vm.ts'

export const devicePath = '/dev/dax0.0'
/** What the kernel's description of the device takes at the front; what programs map begins behind it. */
export const deviceInfoBytes = 2 << 20
const memoryDirectory = '/dev/shm'
const chunkBytes = 1 << 20

export class SharedMemory {
  /** Of the NVDIMM, `deviceInfoBytes` included. */
  readonly bytes: number
  readonly #descriptor: number

  constructor(scope: RunScope, bytes: number) {
    this.bytes = bytes
    const path = join(existsSync(memoryDirectory) ? memoryDirectory : scope.directory, `${scope.name}.dimm`)
    this.#descriptor = openSync(path, 'wx+', 0o600)
    // Without a name it goes away with those who have it open.
    rmSync(path)
    ftruncateSync(this.#descriptor, bytes)
    scope.onClose(() => closeSync(this.#descriptor))
  }

  /** For QEMU: the memory as a file. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#descriptor}`
  }

  /** Overwrites what programs map of the device with zeros, as a migration does; with `all`, what the kernel reads of it, too. */
  zero(all = false): void {
    const zeros = Buffer.alloc(chunkBytes)
    for (let at = all ? 0 : deviceInfoBytes; at < this.bytes; at += chunkBytes)
      writeSync(this.#descriptor, zeros, 0, chunkBytes, at)
  }
}

/**
 * Makes /dev/dax0.0 of the VM's NVDIMM. The kernel's description of it lies in the memory itself: the first VM writes
 * it, every other one, and the same one after a boot, finds it.
 */
export async function setUpDevice(vm: Vm): Promise<void> {
  await vm.sh(`
    modprobe nfit; modprobe nd_pmem; modprobe device_dax; modprobe dax_pmem
    [ ! -e ${devicePath} ] || exit 0
    cd /sys/bus/nd
    echo namespace0.0 > drivers/nd_pmem/unbind
    echo $((2 << 20)) > devices/dax0.0/align
    echo ram > devices/dax0.0/mode
    cat /proc/sys/kernel/random/uuid > devices/dax0.0/uuid
    echo namespace0.0 > devices/dax0.0/namespace
    echo dax0.0 > drivers/dax_pmem/bind
    [ -e ${devicePath} ]`)
}
