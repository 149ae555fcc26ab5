/** The real layout: an appliance VM and a user VM joined by a private link; nothing of it is on this machine. */
import type { DemoReport } from './demo-report.ts'
import type { FileSystem } from './disk.ts'
import { FsvaVm } from './fsva-vm.ts'
import type { KernelName } from './kernel.ts'
import type { Layout } from './layout.ts'
import type { UserVmOptions } from './one-machine.ts'
import { createPrivateLink, type PrivateLink } from './private-link.ts'
import { RunScope } from './run-scope.ts'
import { SharedMemory, setUpDevice } from './shared-memory.ts'
import { Vm } from './user-vm.ts'

export interface TwoVmsOptions {
  readonly fileSystem: FileSystem
  readonly kernel?: KernelName
  readonly report?: DemoReport
  /** Memory of this size, a multiple of 2 MiB, in the appliance and in the user VMs, as /dev/dax0.0. */
  readonly sharedMemory?: { readonly bytes: number }
}

export class TwoVms implements Layout {
  readonly serverName = 'fsva-vm'
  readonly exportDirectory = FsvaVm.exportDirectory
  readonly fsva: FsvaVm
  readonly sharedMemory: SharedMemory | undefined
  readonly #scope: RunScope
  readonly #link: PrivateLink

  private constructor(scope: RunScope, link: PrivateLink, fsva: FsvaVm, sharedMemory?: SharedMemory) {
    this.#scope = scope
    this.#link = link
    this.fsva = fsva
    this.sharedMemory = sharedMemory
  }

  static async start(options: TwoVmsOptions): Promise<TwoVms> {
    const scope = new RunScope()
    const { report, sharedMemory: memory, ...rest } = options
    try {
      report?.step(`booting the appliance VM with an ${options.fileSystem} disk`)
      const link = createPrivateLink(scope)
      const sharedMemory = memory && new SharedMemory(scope, memory.bytes)
      const shared = sharedMemory && { sharedMemory }
      const fsva = await FsvaVm.boot(scope, { ...rest, ...shared, attachment: link.appliance })
      report?.done(`${(fsva.vm.bootMs / 1000).toFixed(1)} s, serves ${FsvaVm.exportDirectory}`)
      return new TwoVms(scope, link, fsva, sharedMemory)
    } catch (error) {
      scope.close()
      throw error
    }
  }

  async userVm(options: UserVmOptions = {}): Promise<Vm> {
    const attachment = this.#link.user
    const { sharedMemory } = this
    const shared = sharedMemory && { sharedMemory }
    const inside = (argv: readonly string[]) => argv.slice()
    const vm = await Vm.boot(this.#scope, { name: 'user-vm', ...shared, ...options, attachment, inside })
    if (sharedMemory !== undefined) await setUpDevice(vm)
    return vm
  }

  mountCommand(): string {
    return `mount -t nfs -o nolock ${this.fsva.address}:${this.exportDirectory} /mnt`
  }

  onServer(script: string): Promise<string> {
    return this.fsva.vm.sh(script, { timeoutMs: 120_000 })
  }

  calls(): Promise<Map<string, number>> {
    return this.fsva.calls()
  }

  async close(): Promise<void> {
    this.#scope.close()
  }
}
