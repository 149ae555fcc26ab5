/** The appliance: a VM that runs Node and fsva-nfsd, with the exported file system on a virtio disk of its own. */
import { join } from 'node:path'
import { nodeImage, serverImage } from './appliance-image.ts'
import { type FileSystem, makeDisk } from './disk.ts'
import type { KernelName } from './kernel.ts'
import type { Attachment } from './network.ts'
import { findReadyLine, type Ports, parseCalls, parseReadyLine } from './nfsd-output.ts'
import type { RunScope } from './run-scope.ts'
import { type SharedMemory, setUpDevice } from './shared-memory.ts'
import { Vm } from './user-vm.ts'

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
  readonly inside?: (argv: readonly string[]) => string[]
  readonly kernel?: KernelName
  readonly sharedMemory?: SharedMemory
  /** Options of fsva-nfsd besides the export and where it listens. */
  readonly arguments?: readonly string[]
  readonly disks: readonly FsvaDisk[]
  /** Default: made for this boot. */
  readonly serverImage?: string
}

export interface FsvaVmOptions extends Omit<BareFsvaVmOptions, 'disks'> {
  readonly fileSystem: FileSystem
}

const diskMiB = 2048
const serverStartTimeoutMs = 180_000
/** Longer than any test: the server runs as a script of the VM. */
const serverRunMs = 24 * 3_600_000

export class FsvaVm {
  static readonly exportDirectory = '/export'
  readonly vm: Vm
  readonly address: string
  readonly #arguments: readonly string[]
  #exports: readonly string[] = []
  #ports: Ports | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #log = ''

  private constructor(vm: Vm, options: BareFsvaVmOptions) {
    this.vm = vm
    this.address = vm.address
    this.#arguments = options.arguments ?? ['--no-root-squash']
  }

  /** With a new file system on `exportDirectory` and the server running. */
  static async boot(scope: RunScope, options: FsvaVmOptions): Promise<FsvaVm> {
    const { fileSystem } = options
    const file = join(scope.directory, `appliance.${fileSystem}`)
    await makeDisk(file, fileSystem, diskMiB)
    const directory = FsvaVm.exportDirectory
    const disk: FsvaDisk = { serial: 'data', fileSystem, file, directory }
    const fsva = await FsvaVm.bootBare(scope, { ...options, disks: [disk] })
    await fsva.mount(disk)
    await fsva.vm.sh(`chmod 1777 ${directory}`)
    await fsva.startServer(['--export', directory])
    return fsva
  }

  /** With the disks there, but not mounted, and no server. */
  static async bootBare(scope: RunScope, options: BareFsvaVmOptions): Promise<FsvaVm> {
    const server = options.serverImage ?? (await serverImage(scope.directory))
    const vm = await Vm.boot(scope, {
      name: 'fsva-vm',
      attachment: options.attachment,
      inside: options.inside ?? ((argv) => argv.slice()),
      memoryMiB: 1024,
      ...(options.kernel && { kernel: options.kernel }),
      ...(options.sharedMemory && { sharedMemory: options.sharedMemory }),
      deviceArguments: [
        ...options.disks.flatMap(({ serial, file }) => drive(serial, file, false)),
        ...drive('node', await nodeImage(), true),
        ...drive('server', server, true),
      ],
    })
    // What a user VM's locks take would be in the server's way here.
    await vm.sh(`
      killall rpc.statd rpcbind && rm -f /run/rpcbind.sock
      mkdir -p /node /fsva /run/disk /var/lib/fsva
      for disk in /sys/block/vd*; do ln -s /dev/\${disk##*/} /run/disk/$(cat $disk/serial); done
      mount -t ext4 -o ro /run/disk/node /node && mount -t ext4 -o ro /run/disk/server /fsva`)
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
    const words = [
      ...['/node/node', '/fsva/nfs-server/main.js', ...exports],
      ...['--listen', this.address, '--rpcbind', 'serve', '--metrics-port', '0', '--log-format', 'json'],
      ...this.#arguments,
    ]
    const ready = Promise.withResolvers<string>()
    let output = ''
    const script = `export LD_LIBRARY_PATH=/node/lib; echo $$ > /run/nfsd.pid; exec ${words.join(' ')} 2>> /run/nfsd.log`
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
    return parseCalls(
      await this.vm.sh(`busybox wget -q -O - http://127.0.0.1:${this.#ports!.metrics}/metrics`),
    )
  }
}

/** A virtio disk that the VM finds by its serial number; what the VM flushes is flushed. */
function drive(serial: string, path: string, readOnly: boolean): string[] {
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
