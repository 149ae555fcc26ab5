import type { Caller } from '../../caller.ts'
import { type Errno, errno } from '../errno.ts'
import { FileType, type SetAttributes, type Time } from '../vfs.ts'
import type { Inode } from './inode.ts'
import type { InodeTable } from './inode-table.ts'
import { fileBytesMax } from './limits.ts'
import {
  isInGroup,
  isOwner,
  isRoot,
  may,
  mayWrite,
  mayWriteData,
  permittedMode,
  withoutSetIds,
} from './permissions.ts'

/** All of the changes or, with an error, none of them. */
export function changeAttributes(
  table: InodeTable,
  caller: Caller,
  inode: Inode,
  changes: SetAttributes,
): Errno {
  const refused = checkSize(caller, inode, changes.size) || checkOwner(caller, inode, changes)
  if (refused !== errno.OK) return refused
  const now = table.clock.now()
  let changed = changeSize(inode, changes.size, now)
  if (changes.uid !== undefined || changes.gid !== undefined) {
    inode.uid = changes.uid ?? inode.uid
    inode.gid = changes.gid ?? inode.gid
    inode.mode = withoutSetIds(inode)
    changed = true
  }
  if (changes.mode !== undefined) {
    inode.mode = permittedMode(caller, changes.mode, inode.gid)
    changed = true
  }
  if (changes.atime !== undefined || changes.mtime !== undefined) {
    inode.atime = chosenTime(changes.atime, now) ?? inode.atime
    inode.mtime = chosenTime(changes.mtime, now) ?? inode.mtime
    changed = true
  }
  if (changed) inode.ctime = now
  if (changed && inode.type === FileType.REG) inode.createVerifier = undefined
  return errno.OK
}

function checkSize(caller: Caller, inode: Inode, size: bigint | undefined): Errno {
  if (size === undefined) return errno.OK
  if (inode.type === FileType.DIR) return errno.EISDIR
  if (inode.type !== FileType.REG) return errno.EINVAL
  if (!mayWriteData(caller, inode)) return errno.EACCES
  return size > fileBytesMax ? errno.EFBIG : errno.OK
}

function checkOwner(caller: Caller, inode: Inode, { mode, uid, gid, atime, mtime }: SetAttributes): Errno {
  if (isRoot(caller)) return errno.OK
  const owns = isOwner(caller, inode)
  if (mode !== undefined && !owns) return errno.EPERM
  // Giving a file away is root's; to a group of one's own, the owner's.
  if (uid !== undefined && !(owns && uid === inode.uid)) return errno.EPERM
  if (gid !== undefined && !(owns && (gid === inode.gid || isInGroup(caller, gid)))) return errno.EPERM
  if (owns) return errno.OK
  // Who may write may say "now"; times of one's choice are the owner's.
  if (typeof atime === 'object' || typeof mtime === 'object') return errno.EPERM
  const touches = atime === 'now' || mtime === 'now'
  return touches && !may(caller, inode, mayWrite) ? errno.EACCES : errno.OK
}

/** A size that stays the same changes nothing, as POSIX has it for truncate. */
function changeSize(inode: Inode, size: bigint | undefined, now: Time): boolean {
  if (inode.type !== FileType.REG || size === undefined || size === inode.data.size) return false
  inode.data.resize(size)
  inode.mtime = now
  return true
}

function chosenTime(choice: Time | 'now' | undefined, now: Time): Time | undefined {
  return choice === 'now' ? now : choice
}
