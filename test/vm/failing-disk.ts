/** Writes that the disk refuses, and what programs in the user VM are told. */
import { exportOf, type PowerCutScene, type VolumeOptions } from './power-cut-scene.ts'

/** What programs/disk-error.c printed, and what was found afterwards. */
export interface FailingWrites {
  /** Errno by the way in which the data was to be made stable. */
  readonly errors: Readonly<Record<string, number>>
  /** The client sent data again that it had sent before the error: the write verifier has changed. */
  readonly isResent: boolean
  /** That data is in the appliance. */
  readonly isOtherKept: boolean
  /** Once the disk works again, so does a file that could not be written. */
  readonly isLaterKept: boolean
  /** Requests that the disk refused. */
  readonly faults: number
}

/** As in programs/disk-error.c. */
const goodBytes = 2.5 * 2 ** 20
const poison = 'REFUSE-THIS'

export async function failingWrites(scene: PowerCutScene, volume: VolumeOptions): Promise<FailingWrites> {
  const { disk } = scene.disks.get(volume.name)!
  const faultsBefore = disk.figures.faults
  const mount = `/eager/${volume.name}`
  const directory = `${mount}/failing`
  disk.faults = { write: (_, data) => data.includes(poison) }
  // As a rule the client commits what it has sent as soon as it can; then an error would find nothing to send again.
  const output = await scene.user.sh(`mkdir -p ${mount}
    ${scene.mountOne(volume, mount, 'write=eager,nosharecache')}
    mkdir ${directory} && fsva-disk-error ${mount} ${directory} ${poison}`)
  disk.faults = {}
  const said = Object.fromEntries(
    output.split('\n').map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]),
  )
  const { resent, ...errors } = said
  const inAppliance = (name: string) =>
    scene.fsva.vm.sh(`echo 3 > /proc/sys/vm/drop_caches; cat ${exportOf(volume)}/failing/${name}`)
  const isOtherKept = (await inAppliance('other')) === 'g'.repeat(goodBytes)
  await scene.user.sh(`cd ${directory} && echo later > fsync && sync fsync`)
  return {
    errors,
    isResent: resent! > 0,
    isOtherKept,
    isLaterKept: (await inAppliance('fsync')) === 'later',
    faults: disk.figures.faults - faultsBefore,
  }
}
