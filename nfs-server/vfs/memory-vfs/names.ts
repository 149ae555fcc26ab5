/** The names in a directory: LOOKUP, REMOVE, RMDIR, LINK. */
import type { Caller } from '../../caller.ts'
import { type Errno, errno } from '../errno.ts'
import { type FileHandle, FileType, type LinkResult, type LookupResult, type WccResult } from '../vfs.ts'
import { attributesOf, type Directory, type Inode } from './inode.ts'
import type { InodeTable } from './inode-table.ts'
import { linksMax, nameBytesMax } from './limits.ts'
import { isStickyAgainst, may, mayChangeEntries, mayExecute } from './permissions.ts'
import { withDirectoryWcc, withWcc } from './wcc.ts'

const dot = 0x2e

export function lookup(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
): LookupResult {
  const parent = table.find(directory)
  if (typeof parent === 'number') {
    return { status: parent, handle: undefined, attributes: undefined, directoryAttributes: undefined }
  }
  const found = parent.type === FileType.DIR ? find(caller, parent, name) : errno.ENOTDIR
  const directoryAttributes = attributesOf(parent)
  if (typeof found === 'number') {
    return { status: found, handle: undefined, attributes: undefined, directoryAttributes }
  }
  return { status: errno.OK, handle: found.handle, attributes: attributesOf(found), directoryAttributes }
}

/** The object that a name in `directory` stands for, as far as the caller may know. */
export function find(caller: Caller, directory: Directory, name: Uint8Array): Inode | Errno {
  if (!may(caller, directory, mayExecute)) return errno.EACCES
  if (name.length > nameBytesMax) return errno.ENAMETOOLONG
  if (name[0] === dot && name.length === 1) return directory
  if (name[0] === dot && name[1] === dot && name.length === 2) return directory.parent ?? directory
  return directory.entries.get(name) ?? errno.ENOENT
}

export function remove(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
): WccResult {
  return removeName(table, caller, directory, name, (object) =>
    object.type === FileType.DIR ? errno.EISDIR : errno.OK,
  )
}

export function removeDirectory(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
): WccResult {
  return removeName(table, caller, directory, name, (object) => {
    if (object.type !== FileType.DIR) return errno.ENOTDIR
    return object.entries.size === 0 ? errno.OK : errno.ENOTEMPTY
  })
}

function removeName(
  table: InodeTable,
  caller: Caller,
  directory: FileHandle,
  name: Uint8Array,
  check: (object: Inode) => Errno,
): WccResult {
  return withDirectoryWcc(table, directory, (parent) => {
    const object = find(caller, parent, name)
    if (typeof object === 'number') return object
    if (!mayChangeEntries(caller, parent)) return errno.EACCES
    if (isStickyAgainst(caller, parent, object)) return errno.EPERM
    const refused = check(object)
    if (refused !== errno.OK) return refused
    parent.entries.remove(name)
    unlinked(table, parent, object)
    parent.mtime = parent.ctime = table.clock.now()
    return errno.OK
  })
}

/** Settles the link counts after a name of `object` in `parent` went away or came to mean something else. */
export function unlinked(table: InodeTable, parent: Directory, object: Inode): void {
  object.ctime = table.clock.now()
  if (object.type === FileType.DIR) {
    parent.nlink--
    object.nlink = 0
  } else {
    object.nlink--
  }
  if (object.nlink === 0) table.drop(object)
}

export function link(
  table: InodeTable,
  caller: Caller,
  object: FileHandle,
  directory: FileHandle,
  name: Uint8Array,
): LinkResult {
  const target = table.find(object)
  const result = withWcc(table, directory, (parent) => {
    if (typeof target === 'number') return target
    if (parent.type !== FileType.DIR) return errno.ENOTDIR
    if (target.type === FileType.DIR) return errno.EISDIR
    if (target.fsid !== parent.fsid) return errno.EXDEV
    const existing = find(caller, parent, name)
    if (existing !== errno.ENOENT) return typeof existing === 'number' ? existing : errno.EEXIST
    if (!mayChangeEntries(caller, parent)) return errno.EACCES
    if (target.nlink >= linksMax) return errno.EMLINK
    parent.entries.add(name, target)
    target.nlink++
    target.ctime = parent.mtime = parent.ctime = table.clock.now()
    return errno.OK
  })
  return { ...result, attributes: typeof target === 'number' ? undefined : attributesOf(target) }
}
