/** The classic Unix permission check, and what an NFS server adds to it (RFC 1813, section 4.4). */
import type { Caller } from '../../caller.ts'
import { Access, FileType } from '../vfs.ts'
import type { Directory, Inode } from './inode.ts'

export const mayRead = 4
export const mayWrite = 2
export const mayExecute = 1

export const setUserId = 0o4000
export const setGroupId = 0o2000
export const sticky = 0o1000
const groupExecute = 0o010
const anyExecute = 0o111

export function isRoot(caller: Caller): boolean {
  return caller.uid === 0
}

export function isInGroup(caller: Caller, gid: number): boolean {
  return caller.gid === gid || caller.gids.includes(gid)
}

export function isOwner(caller: Caller, inode: Inode): boolean {
  return isRoot(caller) || caller.uid === inode.uid
}

/** Whether the caller has all the `wanted` permissions (mayRead | mayWrite | mayExecute). */
export function may(caller: Caller, inode: Inode, wanted: number): boolean {
  if (isRoot(caller)) {
    // Root may do all but execute what nobody may execute.
    return (wanted & mayExecute) === 0 || inode.type === FileType.DIR || (inode.mode & anyExecute) !== 0
  }
  let granted = inode.mode
  if (caller.uid === inode.uid) granted >>= 6
  else if (isInGroup(caller, inode.gid)) granted >>= 3
  return (granted & wanted) === wanted
}

/**
 * READ and WRITE check each call where the client checked only its open(): the owner may go on with a file
 * whose mode forbids it by now, and a program that may be run may be read, page by page.
 */
export function mayReadData(caller: Caller, inode: Inode): boolean {
  return isOwner(caller, inode) || may(caller, inode, mayRead) || may(caller, inode, mayExecute)
}

export function mayWriteData(caller: Caller, inode: Inode): boolean {
  return isOwner(caller, inode) || may(caller, inode, mayWrite)
}

export function mayChangeEntries(caller: Caller, directory: Directory): boolean {
  return may(caller, directory, mayWrite | mayExecute)
}

/** In a sticky directory, only the owner of the object or of the directory takes a name away. */
export function isStickyAgainst(caller: Caller, directory: Directory, object: Inode): boolean {
  return (directory.mode & sticky) !== 0 && !isOwner(caller, object) && !isOwner(caller, directory)
}

/** A mode as it is after somebody changed the contents or the owner. A directory keeps its bits. */
export function withoutSetIds(inode: Inode): number {
  if (inode.type === FileType.DIR) return inode.mode
  // Set-group-id without group-execute means mandatory locking, not a privilege.
  const privileges = inode.mode & groupExecute ? setUserId | setGroupId : setUserId
  return inode.mode & ~privileges
}

/** A mode that the caller asks for: nobody makes a file that acts for a group they are not in. */
export function permittedMode(caller: Caller, mode: number, gid: number): number {
  return isRoot(caller) || isInGroup(caller, gid) ? mode : mode & ~setGroupId
}

/** The ACCESS3_* bits that the caller has, of those that mean something for the object (RFC 1813, section 3.3.4). */
export function accessOf(caller: Caller, inode: Inode): number {
  const reads = may(caller, inode, mayRead) ? Access.READ : 0
  const executes = may(caller, inode, mayExecute)
  if (inode.type !== FileType.DIR) {
    const writes = may(caller, inode, mayWrite) ? Access.MODIFY | Access.EXTEND : 0
    return reads | writes | (executes ? Access.EXECUTE : 0)
  }
  const changes = mayChangeEntries(caller, inode) ? Access.MODIFY | Access.EXTEND | Access.DELETE : 0
  return reads | changes | (executes ? Access.LOOKUP : 0)
}
