/** The appliance: a VM that runs Node and fsva-nfsd, with the exported file system on a virtio disk of its own. */
import { join } from 'node:path'
import { nodeImage, serverImage } from './appliance-image.ts'
import { type FileSystem, makeDisk } from './disk.ts'
import type { KernelName } from './kernel.ts'
import type { Attachment } from './network.ts'
import { findReadyLine, type Ports, parseCalls, parseReadyLine } from './nfsd-output.ts'
import type { RunScope } from './run-scope.ts'
import { Vm } from './user-vm.ts'

export interface FsvaVmOptions {
  readonly fileSystem: FileSystem
  readonly attachment: Attachment
  readonly kernel?: KernelName
  /** Options of fsva-nfsd besides the export and where it listens. */
  readonly arguments?: readonly string[]
}

const diskMiB = 2048
const serverStartTimeoutMs = 60_000
/** Longer than any test: the server runs as a script of the VM. */
const serverRunMs = 24 * 3_600_000

export class FsvaVm {
  static readonly exportDirectory = '/export'
  readonly vm: Vm
  readonly address: string
  readonly #arguments: readonly string[]
  #ports: Ports | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #log = ''

  private constructor(vm: Vm, options: FsvaVmOptions) {
    this.vm = vm
    this.address = vm.address
    this.#arguments = options.arguments ?? ['--no-root-squash']
  }

  static async boot(scope: RunScope, options: FsvaVmOptions): Promise<FsvaVm> {
    const disk = join(scope.directory, `appliance.${options.fileSystem}`)
    await makeDisk(disk, options.fileSystem, diskMiB)
    const vm = await Vm.boot(scope, {
      name: 'fsva-vm',
      attachment: options.attachment,
      inside: (argv) => argv.slice(),
      memoryMiB: 1024,
      ...(options.kernel && { kernel: options.kernel }),
      deviceArguments: [
        ...drive('data', disk, false),
        ...drive('node', await nodeImage(), true),
        ...drive('server', await serverImage(scope.directory), true),
      ],
    })
    const fsva = new FsvaVm(vm, options)
    // What a user VM's locks take would be in the server's way here.
    await vm.sh(`
      killall rpc.statd rpcbind && rm -f /run/rpcbind.sock
      for disk in /sys/block/vd*; do eval "$(cat $disk/serial)=/dev/\${disk##*/}"; done
      mkdir -p /node /fsva ${FsvaVm.exportDirectory} /var/lib/fsva
      modprobe ${options.fileSystem} 2> /dev/null || true
      mount -t ext4 -o ro "$node" /node && mount -t ext4 -o ro "$server" /fsva
      mount -t ${options.fileSystem} "$data" ${FsvaVm.exportDirectory}
      chmod 1777 ${FsvaVm.exportDirectory}`)
    await fsva.startServer()
    return fsva
  }

  async startServer(): Promise<void> {
    const words = [
      ...['/node/node', '/fsva/nfs-server/main.js', '--export', FsvaVm.exportDirectory],
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

/** A virtio disk that the VM finds by its serial number. */
function drive(serial: string, path: string, readOnly: boolean): string[] {
  const file = `file=${path},if=none,id=${serial},format=raw,readonly=${readOnly ? 'on' : 'off'},file.locking=off`
  return ['-drive', file, '-device', `virtio-blk-pci,drive=${serial},serial=${serial}`]
}
