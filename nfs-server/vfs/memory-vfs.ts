/**
 * A whole file system in memory: the worked example of the Vfs interface, and useful where files need not
 * outlive the process. Each export path has a tree of its own; all of them share the capacity.
 *
 * It checks permissions by the caller's ids as they are. Export policy (who may come, squashing, read-only) and
 * handles that cannot be forged are what GuardedVfs puts around it, as around any other Vfs.
 */
import type { Caller } from '../caller.ts'
import { errno } from './errno.ts'
import { createFile, makeDirectory, makeSpecial, makeSymlink } from './memory-vfs/create.ts'
import { commit, read, write } from './memory-vfs/file-io.ts'
import { attributesOf } from './memory-vfs/inode.ts'
import { InodeTable, type MemoryVfsOptions } from './memory-vfs/inode-table.ts'
import { chunkBytes, fileBytesMax, linksMax, nameBytesMax } from './memory-vfs/limits.ts'
import { list } from './memory-vfs/listing.ts'
import { MemoryLocks } from './memory-vfs/locks.ts'
import { link, lookup, remove, removeDirectory } from './memory-vfs/names.ts'
import { accessOf } from './memory-vfs/permissions.ts'
import { rename } from './memory-vfs/rename.ts'
import { changeAttributes } from './memory-vfs/set-attributes.ts'
import { withWcc } from './memory-vfs/wcc.ts'
import {
  type AccessResult,
  type AttributesResult,
  type ByteRange,
  type CommitResult,
  type CreateHow,
  type CreateResult,
  type DirectoryBudget,
  type FileHandle,
  FileType,
  type FsinfoResult,
  type FsstatResult,
  type LinkResult,
  type LockOwner,
  type LockResult,
  type LookupResult,
  type PathconfResult,
  type ReaddirResult,
  type ReadlinkResult,
  type ReadResult,
  type RenameResult,
  type SetAttributes,
  type SpecialFile,
  type Stable,
  type Time,
  type Vfs,
  type WccResult,
  type WriteResult,
} from './vfs.ts'

const slash = 0x2f

export class MemoryVfs implements Vfs {
  readonly #table: InodeTable
  readonly #locks: MemoryLocks

  constructor(options: MemoryVfsOptions = {}) {
    this.#table = new InodeTable(options)
    this.#locks = new MemoryLocks(this.#table)
  }

  getattr(_caller: Caller, object: FileHandle): AttributesResult {
    const inode = this.#table.find(object)
    if (typeof inode === 'number') return { status: inode, attributes: undefined }
    return { status: errno.OK, attributes: attributesOf(inode) }
  }

  setattr(caller: Caller, object: FileHandle, changes: SetAttributes, guard: Time | undefined): WccResult {
    return withWcc(this.#table, object, (inode) => {
      const { seconds, nseconds } = inode.ctime
      const isSame = guard === undefined || (guard.seconds === seconds && guard.nseconds === nseconds)
      return isSame ? changeAttributes(this.#table, caller, inode, changes) : errno.ENOTSYNC
    })
  }

  lookup(caller: Caller, directory: FileHandle, name: Uint8Array): LookupResult {
    return lookup(this.#table, caller, directory, name)
  }

  access(caller: Caller, object: FileHandle, wanted: number): AccessResult {
    const inode = this.#table.find(object)
    if (typeof inode === 'number') return { status: inode, attributes: undefined, access: 0 }
    return { status: errno.OK, attributes: attributesOf(inode), access: accessOf(caller, inode) & wanted }
  }

  readlink(_caller: Caller, symlink: FileHandle): ReadlinkResult {
    const inode = this.#table.find(symlink)
    if (typeof inode === 'number') return { status: inode, attributes: undefined, target: undefined }
    const attributes = attributesOf(inode)
    if (inode.type !== FileType.LNK) return { status: errno.EINVAL, attributes, target: undefined }
    return { status: errno.OK, attributes, target: inode.target }
  }

  read(caller: Caller, file: FileHandle, offset: bigint, buffer: Uint8Array): ReadResult {
    return read(this.#table, caller, file, offset, buffer)
  }

  write(caller: Caller, file: FileHandle, offset: bigint, data: Uint8Array, stable: Stable): WriteResult {
    return write(this.#table, caller, file, offset, data, stable)
  }

  create(caller: Caller, directory: FileHandle, name: Uint8Array, how: CreateHow): CreateResult {
    return createFile(this.#table, caller, directory, name, how)
  }

  mkdir(caller: Caller, directory: FileHandle, name: Uint8Array, attributes: SetAttributes): CreateResult {
    return makeDirectory(this.#table, caller, directory, name, attributes)
  }

  symlink(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    target: Uint8Array,
    attributes: SetAttributes,
  ): CreateResult {
    return makeSymlink(this.#table, caller, directory, name, target, attributes)
  }

  mknod(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    what: SpecialFile,
    attributes: SetAttributes,
  ): CreateResult {
    return makeSpecial(this.#table, caller, directory, name, what, attributes)
  }

  remove(caller: Caller, directory: FileHandle, name: Uint8Array): WccResult {
    return remove(this.#table, caller, directory, name)
  }

  rmdir(caller: Caller, directory: FileHandle, name: Uint8Array): WccResult {
    return removeDirectory(this.#table, caller, directory, name)
  }

  rename(
    caller: Caller,
    fromDirectory: FileHandle,
    fromName: Uint8Array,
    toDirectory: FileHandle,
    toName: Uint8Array,
  ): RenameResult {
    return rename(this.#table, caller, fromDirectory, fromName, toDirectory, toName)
  }

  link(caller: Caller, object: FileHandle, directory: FileHandle, name: Uint8Array): LinkResult {
    return link(this.#table, caller, object, directory, name)
  }

  readdir(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    _cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): ReaddirResult {
    return list(this.#table, caller, directory, cookie, budget, false)
  }

  readdirplus(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    _cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): ReaddirResult {
    return list(this.#table, caller, directory, cookie, budget, true)
  }

  fsstat(caller: Caller, object: FileHandle): FsstatResult {
    const { storage, inodesMax, inodesFree } = this.#table
    const freeBytes = BigInt(storage.freeBytes - (storage.freeBytes % chunkBytes))
    return {
      ...this.getattr(caller, object),
      tbytes: BigInt(storage.capacityBytes),
      fbytes: freeBytes,
      abytes: freeBytes,
      tfiles: BigInt(inodesMax),
      ffiles: BigInt(inodesFree),
      afiles: BigInt(inodesFree),
      invarsec: 0,
    }
  }

  fsinfo(caller: Caller, object: FileHandle): FsinfoResult {
    return {
      ...this.getattr(caller, object),
      maxfilesize: fileBytesMax,
      time_delta: { seconds: 0, nseconds: 1 },
      link: true,
      symlink: true,
      homogeneous: true,
      cansettime: true,
    }
  }

  pathconf(caller: Caller, object: FileHandle): PathconfResult {
    return {
      ...this.getattr(caller, object),
      linkmax: linksMax,
      name_max: nameBytesMax,
      no_trunc: true,
      chown_restricted: true,
      case_insensitive: false,
      case_preserving: true,
    }
  }

  commit(caller: Caller, file: FileHandle, _offset: bigint, _count: number): CommitResult {
    return commit(this.#table, caller, file)
  }

  /** Symbolic links on the way are not followed: ENOTDIR. */
  resolve(_caller: Caller, exportPath: string, path: Uint8Array): LookupResult {
    const root = this.#table.root(exportPath)
    let result = lookup(this.#table, rootCaller, root.handle, Buffer.from('.'))
    for (const name of components(path)) {
      if (result.status !== errno.OK) return result
      result = lookup(this.#table, rootCaller, result.handle!, name)
    }
    return result
  }
  lock(caller: Caller, file: FileHandle, owner: LockOwner, range: ByteRange, exclusive: boolean): LockResult {
    return this.#locks.lock(caller, file, owner, range, exclusive, false)
  }

  testLock(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    range: ByteRange,
    exclusive: boolean,
  ): LockResult {
    return this.#locks.lock(caller, file, owner, range, exclusive, true)
  }

  unlock(_caller: Caller, file: FileHandle, owner: LockOwner, range: ByteRange): LockResult {
    return this.#locks.unlock(file, owner, range)
  }
}

/** The server's own rights. */
const rootCaller: Caller = { address: '', port: 0, flavor: 'sys', uid: 0, gid: 0, gids: [] }

function* components(path: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < path.length; ) {
    const found = path.indexOf(slash, start)
    const end = found < 0 ? path.length : found
    if (end > start) yield path.subarray(start, end)
    start = end + 1
  }
}
