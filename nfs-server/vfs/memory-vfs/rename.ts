import type { Caller } from '../../caller.ts'
import { type Errno, errno } from '../errno.ts'
import { type FileHandle, FileType, type RenameResult } from '../vfs.ts'
import { attributesOf, type Directory, type Inode, wccAttributesOf } from './inode.ts'
import type { InodeTable } from './inode-table.ts'
import { linksMax, nameBytesMax } from './limits.ts'
import { find, unlinked } from './names.ts'
import { isStickyAgainst, may, mayChangeEntries, mayExecute, mayWrite } from './permissions.ts'
import { nothingKnown } from './wcc.ts'

export function rename(
  table: InodeTable,
  caller: Caller,
  fromDirectory: FileHandle,
  fromName: Uint8Array,
  toDirectory: FileHandle,
  toName: Uint8Array,
): RenameResult {
  const from = table.find(fromDirectory)
  const to = table.find(toDirectory)
  const before = [from, to].map((inode) => (typeof inode === 'number' ? undefined : wccAttributesOf(inode)))
  const status =
    typeof from === 'number'
      ? from
      : typeof to === 'number'
        ? to
        : move(table, caller, from, fromName, to, toName)
  const [fromWcc, toWcc] = [from, to].map((inode, index) =>
    typeof inode === 'number' ? nothingKnown : { before: before[index], after: attributesOf(inode) },
  )
  return { status, fromWcc: fromWcc!, toWcc: toWcc! }
}

function move(
  table: InodeTable,
  caller: Caller,
  from: Inode,
  fromName: Uint8Array,
  to: Inode,
  toName: Uint8Array,
): Errno {
  if (from.type !== FileType.DIR || to.type !== FileType.DIR) return errno.ENOTDIR
  if (from.fsid !== to.fsid) return errno.EXDEV
  if (!may(caller, to, mayExecute)) return errno.EACCES
  const moved = find(caller, from, fromName)
  if (typeof moved === 'number') return moved
  if (toName.length > nameBytesMax) return errno.ENAMETOOLONG
  const found = find(caller, to, toName)
  if (typeof found === 'number' && found !== errno.ENOENT) return found
  const replaced = typeof found === 'number' ? undefined : found
  // Two names of one object: nothing to do, both stay.
  if (replaced === moved) return errno.OK
  // As in Linux, what is impossible comes before what is not allowed.
  if (isAtOrAbove(moved, to)) return errno.EINVAL
  if (replaced !== undefined && isAtOrAbove(replaced, from)) return errno.ENOTEMPTY
  const refused = checkMove(caller, from, moved, to) || checkReplaced(caller, moved, to, replaced)
  if (refused !== errno.OK) return refused

  from.entries.remove(fromName)
  if (moved.type === FileType.DIR) {
    from.nlink--
    to.nlink++
    moved.parent = to
  }
  if (replaced === undefined) {
    to.entries.add(toName, moved)
  } else {
    to.entries.replace(toName, moved)
    unlinked(table, to, replaced)
  }
  const now = table.clock.now()
  for (const inode of [moved, from, to]) inode.ctime = now
  from.mtime = to.mtime = now
  return errno.OK
}

function isAtOrAbove(object: Inode, directory: Directory): boolean {
  for (let above: Directory | undefined = directory; above !== undefined; above = above.parent) {
    if (above === object) return true
  }
  return false
}

function checkMove(caller: Caller, from: Directory, moved: Inode, to: Directory): Errno {
  if (!mayChangeEntries(caller, from) || !mayChangeEntries(caller, to)) return errno.EACCES
  if (isStickyAgainst(caller, from, moved)) return errno.EPERM
  if (moved.type !== FileType.DIR) return errno.OK
  if (from !== to && to.nlink >= linksMax) return errno.EMLINK
  // Its ".." is about to change, and that is an entry of its own.
  return from !== to && !may(caller, moved, mayWrite) ? errno.EACCES : errno.OK
}

function checkReplaced(caller: Caller, moved: Inode, to: Directory, replaced: Inode | undefined): Errno {
  if (replaced === undefined) return errno.OK
  if (isStickyAgainst(caller, to, replaced)) return errno.EPERM
  if (replaced.type !== FileType.DIR) return moved.type === FileType.DIR ? errno.ENOTDIR : errno.OK
  if (moved.type !== FileType.DIR) return errno.EISDIR
  return replaced.entries.size === 0 ? errno.OK : errno.ENOTEMPTY
}
