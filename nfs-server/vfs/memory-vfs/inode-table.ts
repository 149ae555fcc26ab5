import { createHash, randomBytes } from 'node:crypto'
import { type Errno, errno } from '../errno.ts'
import type { FileHandle } from '../vfs.ts'
import { FileType } from '../vfs.ts'
import { Clock } from './clock.ts'
import { DirectoryEntries } from './directory-entries.ts'
import type { Directory, Inode } from './inode.ts'
import { capacityBytesDefault, inodesMaxDefault } from './limits.ts'
import { Storage } from './storage.ts'

export interface MemoryVfsOptions {
  /** Bytes of file data, in whole chunks of 4 KiB; writing more is ENOSPC. */
  readonly capacityBytes?: number
  /** Objects; creating more is ENOSPC. */
  readonly inodesMax?: number
}

/** What every new object starts with. */
export type InodeIdentity = Pick<Inode, 'fileid' | 'fsid' | 'handle' | 'atime' | 'mtime' | 'ctime'>

const instanceBytes = 8
const handleBytes = instanceBytes + 8
const rootMode = 0o755

/** All objects of the file system, by handle, and what they share: storage, clock, write verifier. */
export class InodeTable {
  readonly storage: Storage
  readonly clock = new Clock()
  readonly inodesMax: number
  /** Memory does not outlive the process, so this instance's mark tells its writes and its handles. */
  readonly #instance = randomBytes(instanceBytes)
  readonly #inodes = new Map<bigint, Inode>()
  readonly #roots = new Map<string, Directory>()
  #lastFileid = 0n

  constructor(options: MemoryVfsOptions) {
    this.storage = new Storage(options.capacityBytes ?? capacityBytesDefault)
    this.inodesMax = options.inodesMax ?? inodesMaxDefault
  }

  /** writeverf3: another one after a restart, when unstable writes (and all others) are gone. */
  get writeVerifier(): Uint8Array {
    return this.#instance
  }

  get inodesFree(): number {
    return Math.max(0, this.inodesMax - this.#inodes.size)
  }

  /** The root of an export's tree. Exports share the storage, not the files. */
  root(exportPath: string): Directory {
    let root = this.#roots.get(exportPath)
    if (root === undefined) {
      const identity = this.newIdentity(fsidOf(exportPath))
      const entries = new DirectoryEntries()
      const rights = { mode: rootMode, uid: 0, gid: 0 }
      root = { ...identity, ...rights, type: FileType.DIR, nlink: 2, entries, parent: undefined }
      this.#roots.set(exportPath, root)
      this.keep(root)
    }
    return root
  }

  /** EBADHANDLE for what never was a handle; ESTALE for one of an object or an instance that is gone. */
  find(handle: FileHandle): Inode | Errno {
    if (handle.length !== handleBytes) return errno.EBADHANDLE
    const bytes = Buffer.from(handle.buffer, handle.byteOffset, handle.length)
    if (bytes.compare(this.#instance, 0, instanceBytes, 0, instanceBytes) !== 0) return errno.ESTALE
    return this.#inodes.get(bytes.readBigUInt64BE(instanceBytes)) ?? errno.ESTALE
  }

  newIdentity(fsid: bigint): InodeIdentity {
    const fileid = ++this.#lastFileid
    const handle = Buffer.alloc(handleBytes)
    this.#instance.copy(handle)
    handle.writeBigUInt64BE(fileid, instanceBytes)
    const now = this.clock.now()
    return { fileid, fsid, handle, atime: now, mtime: now, ctime: now }
  }

  keep(inode: Inode): void {
    this.#inodes.set(inode.fileid, inode)
  }

  /** For an object that lost its last name: its handle is stale from here on. */
  drop(inode: Inode): void {
    if (inode.type === FileType.REG) inode.data.resize(0n)
    this.#inodes.delete(inode.fileid)
  }
}

/** Not 0 and the same in each run. */
function fsidOf(exportPath: string): bigint {
  return createHash('sha256').update(exportPath).digest().readBigUInt64BE() | 1n
}
