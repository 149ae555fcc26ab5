/** New objects: CREATE, MKDIR, SYMLINK, MKNOD. */
import type { Caller } from '../../caller.ts'
import { type Errno, errno } from '../errno.ts'
import {
  type CreateHow,
  type CreateResult,
  type FileHandle,
  FileType,
  type SetAttributes,
  type SpecialFile,
} from '../vfs.ts'
import { DirectoryEntries } from './directory-entries.ts'
import { FileData } from './file-data.ts'
import { attributesOf, type Directory, type Inode, type RegularFile } from './inode.ts'
import type { InodeIdentity, InodeTable } from './inode-table.ts'
import {
  deviceMajorMax,
  deviceMinorMax,
  fileBytesMax,
  linksMax,
  nameBytesMax,
  symlinkBytesMax,
} from './limits.ts'
import { isRoot, may, mayChangeEntries, mayExecute, permittedMode, setGroupId } from './permissions.ts'
import { changeAttributes } from './set-attributes.ts'
import { withDirectoryWcc } from './wcc.ts'

/** Modes for who asks for none: the owner's until the client says more. */
const fileModeDefault = 0o600
const directoryModeDefault = 0o700
const symlinkMode = 0o777

type Rights = Pick<Inode, 'mode' | 'uid' | 'gid'>

/** An object to be made, where it is not there yet. */
interface NewObject {
  readonly mode: number
  readonly attributes: SetAttributes | undefined
  readonly make: (identity: InodeIdentity, rights: Rights, parent: Directory) => Inode
  /** What to do about an object that has the name; EEXIST if undefined. */
  readonly reuse?: (existing: Inode) => Errno
  /** Its ".." is a link to the parent. */
  readonly isDirectory?: boolean
}

export function createFile(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
  how: CreateHow,
): CreateResult {
  const attributes = how.mode === 'exclusive' ? undefined : how.attributes
  const createVerifier = how.mode === 'exclusive' ? Uint8Array.from(how.verifier) : undefined
  const size = attributes?.size
  if (size !== undefined && size > fileBytesMax) return fail(table, directory, errno.EFBIG)
  const make: NewObject['make'] = (identity, rights) => {
    const data = new FileData(table.storage)
    if (size !== undefined) data.resize(size)
    return { ...identity, ...rights, type: FileType.REG, nlink: 1, data, createVerifier }
  }
  const reuse = (existing: Inode) => reuseFile(table, caller, existing, how)
  const mode = attributes?.mode ?? fileModeDefault
  return createObject(table, caller, directory, name, { mode, attributes, make, reuse })
}

/** What CREATE does about a file that is there already. */
function reuseFile(table: InodeTable, caller: Caller, existing: Inode, how: CreateHow): Errno {
  if (existing.type !== FileType.REG || how.mode === 'guarded') return errno.EEXIST
  if (how.mode === 'exclusive') return isMadeBy(existing, how.verifier) ? errno.OK : errno.EEXIST
  // Of all attributes only the size is meant for an existing file: open(2) with O_TRUNC.
  const { size } = how.attributes
  if (size === undefined) return errno.OK
  const unchanged = { mode: undefined, uid: undefined, gid: undefined, atime: undefined, mtime: undefined }
  return changeAttributes(table, caller, existing, { ...unchanged, size })
}

function isMadeBy(file: RegularFile, verifier: Uint8Array): boolean {
  return file.createVerifier !== undefined && Buffer.compare(file.createVerifier, verifier) === 0
}

export function makeDirectory(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
  attributes: SetAttributes,
): CreateResult {
  const make: NewObject['make'] = (identity, rights, parent) => {
    const mode = rights.mode | (parent.mode & setGroupId)
    parent.nlink++
    const entries = new DirectoryEntries()
    return { ...identity, ...rights, mode, type: FileType.DIR, nlink: 2, entries, parent }
  }
  const mode = attributes.mode ?? directoryModeDefault
  return createObject(table, caller, directory, name, { mode, attributes, make, isDirectory: true })
}

export function makeSymlink(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
  target: Uint8Array,
  attributes: SetAttributes,
): CreateResult {
  if (target.length === 0) return fail(table, directory, errno.ENOENT)
  if (target.length > symlinkBytesMax) return fail(table, directory, errno.ENAMETOOLONG)
  const make: NewObject['make'] = (identity, rights) => {
    return { ...identity, ...rights, type: FileType.LNK, nlink: 1, target: Uint8Array.from(target) }
  }
  return createObject(table, caller, directory, name, { mode: symlinkMode, attributes, make })
}

export function makeSpecial(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
  what: SpecialFile,
  attributes: SetAttributes,
): CreateResult {
  const { major, minor } = 'major' in what ? what : { major: 0, minor: 0 }
  if (major > deviceMajorMax || minor > deviceMinorMax) return fail(table, directory, errno.EINVAL)
  if ('major' in what && !isRoot(caller)) return fail(table, directory, errno.EPERM)
  const make: NewObject['make'] = (identity, rights) => {
    return { ...identity, ...rights, type: what.type, nlink: 1, major, minor }
  }
  const mode = attributes.mode ?? fileModeDefault
  return createObject(table, caller, directory, name, { mode, attributes, make })
}

function fail(table: InodeTable, directory: FileHandle, status: Errno): CreateResult {
  const result = withDirectoryWcc(table, directory, () => status)
  return { ...result, handle: undefined, attributes: undefined }
}

function createObject(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
  { mode, attributes, make, reuse, isDirectory }: NewObject,
): CreateResult {
  let object: Inode | undefined
  const result = withDirectoryWcc(table, directory, (parent) => {
    if (name.length > nameBytesMax) return errno.ENAMETOOLONG
    if (!may(caller, parent, mayExecute)) return errno.EACCES
    const existing = parent.entries.get(name)
    if (existing !== undefined) {
      const status = reuse === undefined ? errno.EEXIST : reuse(existing)
      if (status === errno.OK) object = existing
      return status
    }
    if (!mayChangeEntries(caller, parent)) return errno.EACCES
    if (table.inodesFree === 0) return errno.ENOSPC
    if (isDirectory && parent.nlink >= linksMax) return errno.EMLINK
    const identity = initialTimes(table.newIdentity(parent.fsid), attributes)
    object = make(identity, initialRights(caller, parent, mode, attributes), parent)
    table.keep(object)
    parent.entries.add(name, object)
    parent.mtime = parent.ctime = identity.ctime
    return errno.OK
  })
  return { ...result, handle: object?.handle, attributes: object && attributesOf(object) }
}

/** Only root chooses an owner; for others what they ask for is left out, as a Linux server does. */
function initialRights(
  caller: Caller,
  parent: Directory,
  mode: number,
  attributes: SetAttributes | undefined,
): Rights {
  // A caller without ids, of whom nobody made an anonymous user, has -1: as an attribute, the largest number.
  const [callerUid, callerGid] = [caller.uid >>> 0, caller.gid >>> 0]
  const inherited = parent.mode & setGroupId ? parent.gid : callerGid
  const chosen = isRoot(caller) ? attributes : undefined
  const gid = chosen?.gid ?? inherited
  return { mode: permittedMode(caller, mode, gid), uid: chosen?.uid ?? callerUid, gid }
}

function initialTimes(identity: InodeIdentity, attributes: SetAttributes | undefined): InodeIdentity {
  const { atime, mtime } = attributes ?? {}
  return {
    ...identity,
    atime: typeof atime === 'object' ? atime : identity.atime,
    mtime: typeof mtime === 'object' ? mtime : identity.mtime,
  }
}
