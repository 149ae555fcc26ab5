/** The layout for most tests: fsva-nfsd on this machine, user VMs next to it. */
import { chmodSync, existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.ts'
import { makeDisk, mountLoop } from './disk.ts'
import type { Layout } from './layout.ts'
import { createNetwork, type Network } from './network.ts'
import { Nfsd, type NfsdOptions } from './nfsd.ts'
import { RunScope } from './run-scope.ts'
import { Vm, type VmOptions } from './user-vm.ts'

const memoryDirectory = '/dev/shm'
const exportMiB = 8192

export interface OneMachineOptions extends Partial<NfsdOptions> {
  /** Default: an empty one of this run. */
  readonly exportDirectory?: string
}

export type UserVmOptions = Partial<Omit<VmOptions, 'attachment' | 'inside'>>

export class OneMachine implements Layout {
  readonly scope: RunScope
  readonly network: Network
  readonly server: Nfsd
  /** The exported directory: the server's own view. */
  readonly exportDirectory: string
  #vms = 0

  private constructor(scope: RunScope, network: Network, server: Nfsd, exportDirectory: string) {
    this.scope = scope
    this.network = network
    this.server = server
    this.exportDirectory = exportDirectory
  }

  /** Starts the server. `scope` is this layout's from now on: close() closes it. */
  static async start(options: OneMachineOptions = {}, scope = new RunScope()): Promise<OneMachine> {
    try {
      const network = createNetwork(scope)
      const exportDirectory = options.exportDirectory ?? (await makeExport(scope))
      const server = await Nfsd.start(scope, network, { exports: [exportDirectory], ...options })
      return new OneMachine(scope, network, server, exportDirectory)
    } catch (error) {
      scope.close()
      throw error
    }
  }

  /** Boots a user VM and mounts the export on its /mnt. */
  async mountedVm(options: UserVmOptions = {}): Promise<Vm> {
    const vm = await this.userVm(options)
    await vm.sh(this.mountCommand())
    return vm
  }

  /** Boots a user VM. */
  async userVm(options: UserVmOptions = {}): Promise<Vm> {
    const name = `user-vm-${++this.#vms}`
    const attachment = this.network.attach()
    return Vm.boot(this.scope, { name, ...options, attachment, inside: this.network.inside })
  }

  /** What a user types to mount the export, or a directory in it. */
  mountCommand(below = '', directory = '/mnt', moreOptions = ''): string {
    const options = [this.server.mountOptions, moreOptions].filter(Boolean).join(',')
    return `mount -t nfs -o ${options} ${this.network.serverAddress}:${this.exportDirectory}${below} ${directory}`
  }

  /** The same, with locks on the server: needs what the network namespace has, a port 111 and VMs with addresses. */
  lockingMountCommand(directory = '/mnt', moreOptions = 'vers=3'): string {
    return `mount -t nfs -o ${moreOptions} ${this.network.serverAddress}:${this.exportDirectory} ${directory}`
  }

  /** For the demo: the server's own view. */
  readonly serverName = 'server'

  onServer(script: string): Promise<string> {
    return command('sh', ['-e', '-c', script]).then((output) => output.trimEnd())
  }

  calls(): Promise<Map<string, number>> {
    return this.server.calls()
  }

  async close(): Promise<void> {
    this.scope.close()
  }
}

/**
 * An empty directory to export: as root the root of a fresh ext4 whose disk is memory, so that a test waits for
 * its VM and not for a disk's write cache (a server that answers honestly flushes it thousands of times).
 */
async function makeExport(scope: RunScope): Promise<string> {
  const directory = join(scope.directory, 'export')
  mkdirSync(directory)
  if (process.getuid?.() === 0 && existsSync(memoryDirectory)) {
    const image = join(memoryDirectory, `${scope.name}.ext4`)
    try {
      await makeDisk(image, 'ext4', exportMiB, ['-m', '0'])
      await mountLoop(scope, image, directory)
      rmdirSync(join(directory, 'lost+found'))
    } finally {
      // The loop device keeps the file alive; without a name it goes away with it.
      rmSync(image, { force: true })
    }
  }
  // World-writable with the sticky bit, like /tmp: tests write as several users.
  chmodSync(directory, 0o1777)
  return directory
}
