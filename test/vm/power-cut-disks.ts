/** The disks of an appliance whose power is cut: each a volatile disk behind a block server of its own. */
import { copyFile } from 'node:fs/promises'
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
  readonly #image: string
  readonly #pristine: string
  readonly #socket: string
  #disk: VolatileDisk
  #server: NbdServer | undefined

  private constructor(scope: RunScope, options: DiskOptions, image: string) {
    this.options = options
    this.#image = image
    this.#pristine = `${image}.new`
    this.#socket = join(scope.directory, `${options.name}.nbd`)
    this.#disk = new VolatileDisk(image, options)
    const { name, fileSystem, directory, mountOptions } = options
    const file = `nbd+unix:///?socket=${this.#socket}`
    this.device = { serial: name, fileSystem, directory, file, ...(mountOptions && { mountOptions }) }
    scope.onClose(() => {
      this.#server?.close()
      this.#disk.close()
    })
  }

  /** With an empty file system. */
  static async make(scope: RunScope, options: DiskOptions): Promise<PowerCutDisk> {
    const image = join(scope.directory, `${options.name}.image`)
    await makeDisk(image, options.fileSystem, options.sizeMiB)
    await copyFile(image, `${image}.new`)
    const made = new PowerCutDisk(scope, options, image)
    made.#server = await NbdServer.listen(made.#socket, made.#disk)
    return made
  }

  get disk(): VolatileDisk {
    return this.#disk
  }

  /** To be called as soon as the emulator was killed. */
  cut(mode: CutMode, random: () => number): CutReport {
    this.#server!.disconnect()
    return this.#disk.cut(mode, random)
  }

  /** The file system as it was made. Nobody may be using the disk. */
  async reset(): Promise<void> {
    this.#server!.close()
    this.#disk.close()
    await copyFile(this.#pristine, this.#image)
    this.#disk = new VolatileDisk(this.#image, this.options)
    this.#server = await NbdServer.listen(this.#socket, this.#disk)
  }
}
