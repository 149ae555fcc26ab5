import type { Caller } from '../caller.ts'
import type { Errno } from './errno.ts'
import type { FileHandle } from './vfs.ts'

/** What an export allows a caller who may use it. */
export interface Admission {
  /** Names the export in handles. */
  readonly exportId: number
  readonly readOnly: boolean
  /** Whom the file system is to serve: the caller with its ids after squashing. */
  readonly caller: Caller
}

/** An admission by handle, with the handle that the guarded Vfs made. */
export interface OpenedHandle extends Admission {
  readonly handle: FileHandle
}

/**
 * The export policy and the handle codec as GuardedVfs needs them. An errno number instead of an admission:
 * EBADHANDLE, ESTALE for an export that is gone, EACCES for a caller who may not use it, ENOENT for a path that
 * is not exported.
 */
export interface ExportGuard {
  /** For MOUNT, which has a path and no handle yet. */
  enter(caller: Caller, exportPath: string): Admission | Errno
  /** Takes a handle off the wire apart. */
  open(caller: Caller, handle: FileHandle): OpenedHandle | Errno
  /** The wire form of a handle, at most 64 bytes. */
  seal(exportId: number, handle: FileHandle): FileHandle
}
