import type { ExportOptions } from '../../exports.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import type { MountList } from './mount-list.ts'

/** What the procedures of MOUNT work with. */
export interface MountContext {
  readonly vfs: Pick<Vfs, 'resolve'>
  /** The exports as they are now: asked at every call, so that they can be replaced at run time. */
  readonly exports: () => readonly ExportOptions[]
  readonly mountList: MountList
}
