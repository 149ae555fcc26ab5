/** The appliance: a VM that runs Node and fsva-nfsd, with the exported file system on a virtio disk of its own. */
import { join } from 'node:path'
import { withTestWorkers } from '../fixtures/test-workers.ts'
import { nodeImage, serverImage } from './appliance-image.ts'
import { type FileSystem, makeDisk } from './disk.ts'
import type { KernelName } from './kernel.ts'
import type { Attachment } from './network.ts'
import { findReadyLine, type Ports, parseCalls, parseReadyLine } from './nfsd-output.ts'
import { addNode } from './node-command.ts'
import type { RunScope } from './run-scope.ts'
import { devicePath, type SharedMemory, setUpDevice } from './shared-memory.ts'
import { Vm } from './user-vm.ts'
import { linkDisks, virtioDisk } from './virtio-disk.ts'

/** A disk of the appliance with the file system that it holds. */
export interface FsvaDisk {
  /** Unique; at most 20 letters. */
  readonly serial: string
  readonly fileSystem: FileSystem
  /** QEMU's name for it: the path of an image, or the address of a block server. */
  readonly file: string
  /** Where it is mounted. */
  readonly directory: string
  /** More options to mount it with. */
  readonly mountOptions?: string
}

export interface BareFsvaVmOptions {
  readonly attachment: Attachment
  /** More networks that the server serves. */
  readonly moreAttachments?: readonly Attachment[]
  readonly inside?: (argv: readonly string[]) => string[]
  readonly kernel?: KernelName
  readonly sharedMemory?: SharedMemory
  /** Options of fsva-nfsd besides the export and where it listens. */
  readonly arguments?: readonly string[]
  readonly disks: readonly FsvaDisk[]
  /** Default: made for this boot. */
  readonly serverImage?: string
  /** More QEMU devices. */
  readonly deviceArguments?: readonly string[]
}

export interface FsvaVmOptions extends Omit<BareFsvaVmOptions, 'disks'> {
  readonly fileSystem: FileSystem
  /** Which part of the shared memory is the channel to which client. Default: no side channel. */
  readonly sideChannels?: readonly SideChannelPart[]
}

export interface SideChannelPart {
  /** Address of the user VM. */
  readonly client: string
  readonly offset: number
  readonly bytes: number
}

const diskMiB = 2048
const serverStartTimeoutMs = 180_000
/** Longer than any test: the server runs as a script of the VM. */
const serverRunMs = 24 * 3_600_000

export class FsvaVm {
  static readonly exportDirectory = '/export'
  static readonly sideChannelPort = 2050
  readonly vm: Vm
  readonly address: string
  readonly #arguments: readonly string[]
  readonly #listen: readonly string[]
  #exports: readonly string[] = []
  #ports: Ports | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #log = ''

  private constructor(vm: Vm, options: BareFsvaVmOptions) {
    this.vm = vm
    this.address = vm.address
    this.#arguments = options.arguments ?? ['--no-root-squash']
    const more = options.moreAttachments ?? []
    this.#listen = [this.address, ...more.map(({ address }) => address.split('/')[0]!)]
  }

  /** With a new file system on `exportDirectory` and the server running. */
  static async boot(scope: RunScope, options: FsvaVmOptions): Promise<FsvaVm> {
    const { fileSystem } = options
    const file = join(scope.directory, `appliance.${fileSystem}`)
    await makeDisk(file, fileSystem, diskMiB)
    const directory = FsvaVm.exportDirectory
    const disk: FsvaDisk = { serial: 'data', fileSystem, file, directory }
    const { sideChannels } = options
    // What the default says about exports stands in the config file then.
    const more = sideChannels && { arguments: options.arguments ?? [] }
    const fsva = await FsvaVm.bootBare(scope, { ...options, ...more, disks: [disk] })
    await fsva.mount(disk)
    await fsva.vm.sh(`chmod 1777 ${directory}`)
    await fsva.startServer(
      sideChannels ? ['--config', await fsva.#configure(sideChannels)] : ['--export', directory],
    )
    return fsva
  }

  async #configure(parts: readonly SideChannelPart[]): Promise<string> {
    const path = '/run/fsva-nfsd.yaml'
    const devices = parts.map((part) => ({ path: devicePath, ...part }))
    // What is JSON is YAML, too.
    const config = {
      exports: [{ path: FsvaVm.exportDirectory, squash: 'no_root_squash', mapped_stores: false }],
      side_channel: { listen: this.#listen, port: FsvaVm.sideChannelPort, devices },
    }
    await this.vm.sh(`cat > ${path}`, { input: JSON.stringify(config) })
    return path
  }

  /** With the disks there, but not mounted, and no server. */
  static async bootBare(scope: RunScope, options: BareFsvaVmOptions): Promise<FsvaVm> {
    const server = options.serverImage ?? (await serverImage(scope.directory))
    const more = options.moreAttachments ?? []
    const vm = await Vm.boot(scope, {
      name: 'fsva-vm',
      attachment: options.attachment,
      inside: options.inside ?? ((argv) => argv.slice()),
      memoryMiB: 1024,
      ...(options.kernel && { kernel: options.kernel }),
      ...(options.sharedMemory && { sharedMemory: options.sharedMemory }),
      deviceArguments: [
        ...more.flatMap(({ qemuArguments }) => qemuArguments),
        ...options.disks.flatMap(({ serial, file }) => virtioDisk(serial, file, false)),
        ...virtioDisk('node', await nodeImage(), true),
        ...virtioDisk('server', server, true),
        ...(options.deviceArguments ?? []),
      ],
    })
    await linkDisks(vm)
    await addNode(vm)
    // What a user VM's locks take would be in the server's way here.
    await vm.sh(`
      killall rpc.statd rpcbind && rm -f /run/rpcbind.sock
      mkdir -p /fsva /var/lib/fsva && mount -t ext4 -o ro /run/disk/server /fsva`)
    for (const [index, { address }] of more.entries()) {
      await vm.sh(`ip address add ${address} dev eth${index + 1} && ip link set eth${index + 1} up`)
    }
    if (options.sharedMemory !== undefined) await setUpDevice(vm)
    return new FsvaVm(vm, options)
  }

  async mount({ serial, fileSystem, directory, mountOptions = 'rw' }: FsvaDisk): Promise<void> {
    await this.vm.sh(`
      mkdir -p ${directory}
      modprobe ${fileSystem} 2> /dev/null || true
      mount -t ${fileSystem} -o ${mountOptions} /run/disk/${serial} ${directory}`)
  }

  /** `exports`: the options that say what is exported; default: those of the last time. */
  async startServer(exports: readonly string[] = this.#exports): Promise<void> {
    this.#exports = exports
    const args = withTestWorkers([
      ...exports,
      ...this.#listen.flatMap((address) => ['--listen', address]),
      ...['--rpcbind', 'serve', '--metrics-port', '0', '--log-format', 'json'],
      ...this.#arguments,
    ])
    const words = ['node', '/fsva/nfs-server/main.js', ...args]
    const ready = Promise.withResolvers<string>()
    let output = ''
    const script = `echo $$ > /run/nfsd.pid; exec ${words.join(' ')} 2>> /run/nfsd.log`
    const run = this.vm.run(script, {
      timeoutMs: serverRunMs,
      onStdout: (chunk) => {
        output += chunk
        const line = findReadyLine(output)
        if (line !== undefined) ready.resolve(line)
      },
    })
    this.#ended = run.then(
      async ({ exitCode }) => {
        this.#log = await this.vm.sh('tail -20 /run/nfsd.log').catch(() => '')
        ready.reject(new Error(`fsva-nfsd in the VM ended with exit code ${exitCode}\n${output}${this.#log}`))
      },
      (error: Error) => ready.reject(error),
    )
    const timer = setTimeout(
      () => ready.reject(new Error('fsva-nfsd in the VM is not ready')),
      serverStartTimeoutMs,
    )
    try {
      this.#ports = parseReadyLine(await ready.promise)
    } finally {
      clearTimeout(timer)
    }
  }

  async stopServer(signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
    await this.vm.sh(`kill -${signal} "$(cat /run/nfsd.pid)"`)
    await this.#ended
  }

  async calls(): Promise<Map<string, number>> {
    return parseCalls(await this.#metrics())
  }

  /** One that has no labels. */
  async metric(name: string): Promise<number> {
    const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(await this.#metrics())?.[1]
    if (value === undefined) throw new Error(`the server has no metric ${name}`)
    return Number(value)
  }

  #metrics(): Promise<string> {
    return this.vm.sh(`busybox wget -q -O - http://127.0.0.1:${this.#ports!.metrics}/metrics`)
  }
}
