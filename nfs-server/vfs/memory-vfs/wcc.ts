/** Calls on a handle, with the attributes from before and after that RFC 1813 (section 2.6, wcc_data) wants. */
import { type Errno, errno } from '../errno.ts'
import type { FileHandle, Wcc } from '../vfs.ts'
import { FileType } from '../vfs.ts'
import { attributesOf, type Directory, type Inode, wccAttributesOf } from './inode.ts'
import type { InodeTable } from './inode-table.ts'

export const nothingKnown: Wcc = { before: undefined, after: undefined }

/** Runs `change` on the object; the result has its status and what the object was like around it. */
export function withWcc(
  table: InodeTable,
  handle: FileHandle,
  change: (inode: Inode) => Errno,
): { status: Errno; wcc: Wcc } {
  const inode = table.find(handle)
  if (typeof inode === 'number') return { status: inode, wcc: nothingKnown }
  const before = wccAttributesOf(inode)
  const status = change(inode)
  return { status, wcc: { before, after: attributesOf(inode) } }
}

/** The same for an object that has to be a directory. */
export function withDirectoryWcc(
  table: InodeTable,
  handle: FileHandle,
  change: (directory: Directory) => Errno,
): { status: Errno; wcc: Wcc } {
  return withWcc(table, handle, (inode) => (inode.type === FileType.DIR ? change(inode) : errno.ENOTDIR))
}
