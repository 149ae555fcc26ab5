/**
 * An appliance whose power can be cut, with several exports on disks of their own and its state directory on another
 * one, and a user VM that lives on.
 */
import { join } from 'node:path'
import { serverImage } from './appliance-image.ts'
import type { FileSystem } from './disk.ts'
import { FsvaVm } from './fsva-vm.ts'
import { type Attachment, createNetwork, type Network } from './network.ts'
import { PowerCutDisk } from './power-cut-disks.ts'
import { createPrivateLink } from './private-link.ts'
import { RunScope } from './run-scope.ts'
import { Vm } from './user-vm.ts'
import type { CutMode, CutReport, VolatileDisk } from './volatile-disk.ts'

export interface VolumeOptions {
  /** Names the export, /export/NAME, and where it is mounted: /mnt/NAME. */
  readonly name: string
  readonly fileSystem: FileSystem
  /** Default true: the export's `sync`. */
  readonly sync?: boolean
  /** Options to mount it with in the appliance. */
  readonly mountOptions?: string
  /** The disk acknowledges flushes and ignores them. */
  readonly ignoresFlushes?: boolean
}

/** Every file system, and two controls that cannot keep what they promise. */
export const powerCutVolumes: readonly VolumeOptions[] = [
  { name: 'ext4', fileSystem: 'ext4' },
  { name: 'xfs', fileSystem: 'xfs' },
  { name: 'btrfs', fileSystem: 'btrfs' },
  { name: 'liar', fileSystem: 'ext4', ignoresFlushes: true },
  // The journal is not written every five seconds, or a cut right after that would find nothing lost.
  { name: 'async', fileSystem: 'ext4', sync: false, mountOptions: 'commit=300' },
]

/** Short timeouts, so that the clients soon find out that the appliance is back. */
const mountOptions = 'nolock,timeo=40,retrans=2'
const diskMiB = 1024
const stateMiB = 64
const stateDirectory = '/var/lib/fsva'
const configFile = '/run/fsva.yaml'

export class PowerCutScene {
  readonly volumes: readonly VolumeOptions[]
  readonly user: Vm
  /** Joins the VMs and this machine; undefined if this machine cannot reach them. */
  readonly network: Network | undefined
  readonly disks: ReadonlyMap<string, PowerCutDisk>
  readonly #scope: RunScope
  readonly #appliance: Attachment
  readonly #state: PowerCutDisk
  readonly #serverImage: string
  #fsva: FsvaVm | undefined

  private constructor(
    scope: RunScope,
    volumes: readonly VolumeOptions[],
    user: Vm,
    network: Network | undefined,
    disks: ReadonlyMap<string, PowerCutDisk>,
    state: PowerCutDisk,
    appliance: Attachment,
    image: string,
  ) {
    this.#scope = scope
    this.volumes = volumes
    this.user = user
    this.network = network
    this.disks = disks
    this.#state = state
    this.#appliance = appliance
    this.#serverImage = image
  }

  /** Boots both; the server runs, and the user VM has mounted everything, also with `-o sync` on /sync/NAME. */
  static async start(volumes: readonly VolumeOptions[]): Promise<PowerCutScene> {
    const scope = new RunScope()
    try {
      const network = createNetwork(scope)
      const isReachable = network.kind === 'namespace'
      const link = isReachable ? undefined : createPrivateLink(scope, 'user')
      const appliance = link?.appliance ?? network.attach()
      const inside = isReachable ? network.inside : (argv: readonly string[]) => argv.slice()
      const booting = Vm.boot(scope, {
        name: 'user-vm',
        attachment: link?.user ?? network.attach(),
        inside,
        memoryMiB: 512,
      })
      const disks = new Map<string, PowerCutDisk>()
      for (const volume of volumes) {
        const directory = exportOf(volume)
        const options = { ...volume, directory, sizeMiB: diskMiB }
        disks.set(volume.name, await PowerCutDisk.make(scope, options))
      }
      const state = await PowerCutDisk.make(scope, {
        ...{ name: 'state', fileSystem: 'ext4', directory: stateDirectory, sizeMiB: stateMiB },
      })
      const image = await serverImage(scope.directory)
      const user = await booting
      const reachable = isReachable ? network : undefined
      const scene = new PowerCutScene(scope, volumes, user, reachable, disks, state, appliance, image)
      await scene.boot()
      await scene.startServer()
      for (const volume of volumes) await user.sh(scene.mountCommand(volume))
      return scene
    } catch (error) {
      scope.close()
      throw error
    }
  }

  get fsva(): FsvaVm {
    return this.#fsva!
  }

  mountCommand(volume: VolumeOptions): string {
    return `mkdir -p /mnt/${volume.name} /sync/${volume.name}
      ${this.mountOne(volume, `/mnt/${volume.name}`)}
      ${this.mountOne(volume, `/sync/${volume.name}`, 'sync,nosharecache')}`
  }

  mountOne(volume: VolumeOptions, directory: string, more = 'rw'): string {
    return `mount -t nfs -o ${mountOptions},${more} ${this.fsva.address}:${exportOf(volume)} ${directory}`
  }

  /** Boots the appliance and mounts its disks, without the server. Answers the names of those that do not mount. */
  async boot(): Promise<string[]> {
    const disks = [this.#state, ...this.disks.values()]
    this.#fsva = await FsvaVm.bootBare(this.#scope, {
      attachment: this.#appliance,
      inside: this.network?.inside ?? ((argv) => argv.slice()),
      arguments: [],
      disks: disks.map((disk) => disk.device),
      serverImage: this.#serverImage,
    })
    const lost: string[] = []
    for (const { device } of disks) {
      const mounting = this.fsva.mount(device)
      if (device.serial === 'state') await mounting
      else await mounting.catch(() => lost.push(device.serial))
    }
    return lost
  }

  async startServer(): Promise<void> {
    const exports = this.volumes.map(
      (volume) => `  - path: ${exportOf(volume)}\n    squash: no_root_squash\n    secure: false
    sync: ${volume.sync ?? true}\n`,
    )
    await this.fsva.vm.sh(`cat > ${configFile}`, { input: `exports:\n${exports.join('')}` })
    await this.fsva.startServer(['--config', configFile])
  }

  /**
   * Cuts the appliance's power right after the `writes`th write from now to the volume's disk (or to `state`), so that
   * there is something that was not flushed. Answers what that cost each disk.
   */
  async cutAtWrite(
    volume: string,
    writes: number,
    mode: CutMode,
    random: () => number,
  ): Promise<Map<string, CutReport>> {
    const target = this.#disk(volume)
    const reports = new Map<string, CutReport>()
    await new Promise<void>((resolve) => {
      let left = writes
      target.onWrite = () => {
        if (--left > 0) return
        target.onWrite = () => {}
        this.fsva.vm.qemu.kill()
        // A disk that is a liar is as good as new after that, and can be used again.
        for (const [name, disk] of [...this.disks, ['state', this.#state] as const])
          reports.set(name, disk.cut(disk.options.ignoresFlushes ? 'none' : mode, random))
        resolve()
      }
    })
    await this.fsva.vm.powerOff()
    return reports
  }

  #disk(volume: string): VolatileDisk {
    const found = volume === 'state' ? this.#state : this.disks.get(volume)
    if (found === undefined) throw new Error(`no disk ${volume}`)
    return found.disk
  }

  close(): void {
    this.#scope.close()
  }
}

export function exportOf(volume: VolumeOptions): string {
  return join('/export', volume.name)
}
