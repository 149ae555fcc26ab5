/** The disks of an appliance whose power is cut: each a volatile disk behind a block server of its own. */
import { join } from 'node:path'
import { type FileSystem, makeDisk } from './disk.ts'
import type { FsvaDisk } from './fsva-vm.ts'
import { NbdServer } from './nbd-server.ts'
import type { RunScope } from './run-scope.ts'
import { type CutMode, type CutReport, VolatileDisk } from './volatile-disk.ts'

export interface DiskOptions {
  readonly name: string
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly sizeMiB: number
  readonly mountOptions?: string
  readonly ignoresFlushes?: boolean
}

export class PowerCutDisk {
  readonly options: DiskOptions
  /** For the appliance. */
  readonly device: FsvaDisk
  readonly #socket: string
  readonly disk: VolatileDisk
  #server: NbdServer | undefined

  private constructor(scope: RunScope, options: DiskOptions, image: string) {
    this.options = options
    this.#socket = join(scope.directory, `${options.name}.nbd`)
    this.disk = new VolatileDisk(image, options)
    const { name, fileSystem, directory, mountOptions } = options
    const file = `nbd+unix:///?socket=${this.#socket}`
    this.device = { serial: name, fileSystem, directory, file, ...(mountOptions && { mountOptions }) }
    scope.onClose(() => {
      this.#server?.close()
      this.disk.close()
    })
  }

  /** With an empty file system. */
  static async make(scope: RunScope, options: DiskOptions): Promise<PowerCutDisk> {
    const image = join(scope.directory, `${options.name}.image`)
    await makeDisk(image, options.fileSystem, options.sizeMiB)
    const made = new PowerCutDisk(scope, options, image)
    made.#server = await NbdServer.listen(made.#socket, made.disk)
    return made
  }

  /** To be called as soon as the emulator was killed. */
  cut(mode: CutMode, random: () => number): CutReport {
    this.#server!.disconnect()
    return this.disk.cut(mode, random)
  }
}
