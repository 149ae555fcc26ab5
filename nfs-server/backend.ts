import type { ExportOptions } from './exports.ts'
import type { Logger } from './log.ts'
import { MemoryVfs } from './vfs/memory-vfs.ts'
import type { Vfs } from './vfs/vfs.ts'

/** The file system a server serves, with export policy and handles around it. */
export interface Backend {
  readonly vfs: Vfs
  /** Replaces the exports; their clients are addresses and blocks. Rejects, changing nothing, if it cannot. */
  setExports(exports: readonly ExportOptions[]): Promise<void>
  close(): Promise<void>
}

export interface BackendOptions {
  /** Clients are addresses and blocks; host names have been resolved. */
  readonly exports: readonly ExportOptions[]
  readonly stateDir: string
  /** The file system of the operating system if undefined. */
  readonly vfs: Vfs | undefined
  readonly log: Logger
}

export async function openBackend(options: BackendOptions): Promise<Backend> {
  // Until the native Vfs is there.
  if (options.vfs === undefined)
    options.log.warn('serving an empty file system in memory, not the directories')
  return {
    vfs: options.vfs ?? new MemoryVfs(),
    setExports: async () => {},
    close: async () => {},
  }
}
