/** READ, WRITE and COMMIT. */
import type { Caller } from '../../caller.ts'
import { type Errno, errno } from '../errno.ts'
import {
  type CommitResult,
  type FileHandle,
  FileType,
  type ReadResult,
  type Stable,
  type Time,
  type WriteResult,
} from '../vfs.ts'
import { attributesOf, type Inode } from './inode.ts'
import type { InodeTable } from './inode-table.ts'
import { fileBytesMax } from './limits.ts'
import { isRoot, mayReadData, mayWriteData, withoutSetIds } from './permissions.ts'
import { withWcc } from './wcc.ts'

/** Only regular files have bytes. */
function notAFile(inode: Inode): Errno {
  return inode.type === FileType.DIR ? errno.EISDIR : errno.EINVAL
}

export function read(
  table: InodeTable,
  caller: Caller,
  file: FileHandle,
  offset: bigint,
  buffer: Uint8Array,
): ReadResult {
  const inode = table.find(file)
  if (typeof inode === 'number') return { status: inode, attributes: undefined, count: 0, eof: false }
  const failed = (status: Errno) => ({ status, attributes: attributesOf(inode), count: 0, eof: false })
  if (inode.type !== FileType.REG) return failed(notAFile(inode))
  if (!mayReadData(caller, inode)) return failed(errno.EACCES)
  const count = inode.data.read(offset, buffer)
  const eof = offset + BigInt(count) >= inode.data.size
  // As Linux's relatime: the first read after a change is noted.
  if (count > 0 && !isLater(inode.atime, inode.mtime)) inode.atime = table.clock.now()
  return { status: errno.OK, attributes: attributesOf(inode), count, eof }
}

function isLater(one: Time, other: Time): boolean {
  return one.seconds > other.seconds || (one.seconds === other.seconds && one.nseconds > other.nseconds)
}

export function write(
  table: InodeTable,
  caller: Caller,
  file: FileHandle,
  offset: bigint,
  data: Uint8Array,
  stable: Stable,
): WriteResult {
  const result = withWcc(table, file, (inode) => {
    if (inode.type !== FileType.REG) return notAFile(inode)
    if (!mayWriteData(caller, inode)) return errno.EACCES
    if (offset + BigInt(data.length) > fileBytesMax) return errno.EFBIG
    if (data.length === 0) return errno.OK
    if (!inode.data.write(offset, data)) return errno.ENOSPC
    inode.mtime = inode.ctime = table.clock.now()
    inode.createVerifier = undefined
    if (!isRoot(caller)) inode.mode = withoutSetIds(inode)
    return errno.OK
  })
  const count = result.status === errno.OK ? data.length : 0
  // All memory is equally stable. Promising no more than was asked for keeps clients on the usual path.
  return { ...result, count, committed: stable, verifier: table.writeVerifier }
}

export function commit(table: InodeTable, caller: Caller, file: FileHandle): CommitResult {
  const result = withWcc(table, file, (inode) => {
    if (inode.type !== FileType.REG) return notAFile(inode)
    return mayWriteData(caller, inode) ? errno.OK : errno.EACCES
  })
  return { ...result, verifier: table.writeVerifier }
}
