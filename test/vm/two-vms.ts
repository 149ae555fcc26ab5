/** The real layout: an appliance VM and a user VM joined by a private link; nothing of it is on this machine. */
import { clientDisks, installClient } from './client-image.ts'
import type { DemoReport } from './demo-report.ts'
import type { FileSystem } from './disk.ts'
import { FsvaVm, type SideChannelPart } from './fsva-vm.ts'
import type { KernelName } from './kernel.ts'
import type { Layout } from './layout.ts'
import type { UserVmOptions } from './one-machine.ts'
import { createPrivateLink, type PrivateLink } from './private-link.ts'
import { RunScope } from './run-scope.ts'
import { deviceInfoBytes, SharedMemory, setUpDevice } from './shared-memory.ts'
import { Vm } from './user-vm.ts'

export interface TwoVmsOptions {
  readonly fileSystem: FileSystem
  readonly kernel?: KernelName
  readonly report?: DemoReport
  /** How many user VMs may run at a time, each with a link of its own to the appliance; default: one. */
  readonly userVms?: number
  /**
   * Memory of this size in the appliance and in the user VMs, as /dev/dax0.0. The server offers side channels in it: one
   * per user VM, all of the same size, what the device needs for itself taken off. A multiple of 2 MiB per user VM.
   * `unused`: the server leaves it alone.
   */
  readonly sharedMemory?: { readonly bytes: number; readonly unused?: boolean }
  /** More QEMU devices of the appliance. */
  readonly deviceArguments?: readonly string[]
}

export interface OtherUserVmOptions extends UserVmOptions {
  /** Which of the user VMs that may run at a time; default: 0. */
  readonly number?: number
  /** Whether it has Node and fsva-client as commands; default: no. */
  readonly fsvaClient?: boolean
  /** Whether it boots with /dev/dax0.0 there, and not only the memory for it; default: yes. */
  readonly device?: boolean
}

/** Node takes more than what most tests do. */
const clientMemoryMiB = 1024

export class TwoVms implements Layout {
  readonly serverName = 'fsva-vm'
  readonly exportDirectory = FsvaVm.exportDirectory
  readonly fsva: FsvaVm
  readonly sharedMemory: SharedMemory | undefined
  readonly #scope: RunScope
  readonly #links: readonly PrivateLink[]
  #clientDisks: Promise<string[]> | undefined

  private constructor(
    scope: RunScope,
    links: readonly PrivateLink[],
    fsva: FsvaVm,
    sharedMemory?: SharedMemory,
  ) {
    this.#scope = scope
    this.#links = links
    this.fsva = fsva
    this.sharedMemory = sharedMemory
  }

  static async start(options: TwoVmsOptions): Promise<TwoVms> {
    const scope = new RunScope()
    const { report, sharedMemory: memory, userVms = 1, ...rest } = options
    try {
      report?.step(`booting the appliance VM with an ${options.fileSystem} disk`)
      const links = Array.from({ length: userVms }, (_, index) =>
        createPrivateLink(scope, 'appliance', index),
      )
      const [attachment, ...moreAttachments] = links.map(({ appliance }) => appliance)
      const sharedMemory = memory && new SharedMemory(scope, memory.bytes)
      const shared = sharedMemory && {
        sharedMemory,
        ...(!memory?.unused && { sideChannels: channels(sharedMemory, links) }),
      }
      const fsva = await FsvaVm.boot(scope, { ...rest, ...shared, attachment: attachment!, moreAttachments })
      report?.done(`${(fsva.vm.bootMs / 1000).toFixed(1)} s, serves ${FsvaVm.exportDirectory}`)
      return new TwoVms(scope, links, fsva, sharedMemory)
    } catch (error) {
      scope.close()
      throw error
    }
  }

  async userVm(options: OtherUserVmOptions = {}): Promise<Vm> {
    const { number = 0, fsvaClient = false, device = true, ...rest } = options
    const { sharedMemory } = this
    if (fsvaClient) this.#clientDisks ??= clientDisks(this.#scope.directory)
    const vm = await Vm.boot(this.#scope, {
      name: this.#links.length > 1 ? `user-vm-${number + 1}` : 'user-vm',
      ...(sharedMemory && { sharedMemory }),
      ...(fsvaClient && { memoryMiB: clientMemoryMiB }),
      ...rest,
      deviceArguments: [...(rest.deviceArguments ?? []), ...(fsvaClient ? await this.#clientDisks! : [])],
      attachment: this.#links[number]!.user,
      inside: (argv) => argv.slice(),
    })
    if (fsvaClient) await installClient(vm)
    if (sharedMemory !== undefined && device) await setUpDevice(vm)
    return vm
  }

  /** What the server is called for a user VM, and its export. */
  target(number = 0): string {
    return `${withoutPrefix(this.#links[number]!.appliance.address)}:${this.exportDirectory}`
  }

  mountCommand(number = 0): string {
    return `mount -t nfs -o nolock ${this.target(number)} /mnt`
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

function channels(memory: SharedMemory, links: readonly PrivateLink[]): SideChannelPart[] {
  const pages = Math.floor((memory.bytes - deviceInfoBytes) / channelUnit / links.length)
  return links.map(({ user }, index) => ({
    client: withoutPrefix(user.address),
    offset: index * pages * channelUnit,
    bytes: pages * channelUnit,
  }))
}

/** Channels begin and end at large pages. */
const channelUnit = 2 << 20

function withoutPrefix(address: string): string {
  return address.split('/')[0]!
}
