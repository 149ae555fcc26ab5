import { type Attributes, FileType, type SpecialFile, type Time, type WccAttributes } from '../vfs.ts'
import type { DirectoryEntries } from './directory-entries.ts'
import type { FileData } from './file-data.ts'

interface InodeBase {
  readonly fileid: bigint
  readonly fsid: bigint
  readonly handle: Uint8Array
  /** Permission bits, set-id and sticky bits. */
  mode: number
  uid: number
  gid: number
  nlink: number
  atime: Time
  mtime: Time
  ctime: Time
}

export interface RegularFile extends InodeBase {
  readonly type: typeof FileType.REG
  readonly data: FileData
  /** Of the exclusive create that made it, until the file is first changed: a retransmission is told by it. */
  createVerifier: Uint8Array | undefined
}

export interface Directory extends InodeBase {
  readonly type: typeof FileType.DIR
  readonly entries: DirectoryEntries
  /** None for an export's root, whose ".." is itself. */
  parent: Directory | undefined
}

export interface Symlink extends InodeBase {
  readonly type: typeof FileType.LNK
  readonly target: Uint8Array
}

export interface Special extends InodeBase {
  readonly type: SpecialFile['type']
  readonly major: number
  readonly minor: number
}

export type Inode = RegularFile | Directory | Symlink | Special

const noDevice = { specdata1: 0, specdata2: 0 }
/** What a directory is said to have per entry. */
const entryBytes = 32

export function attributesOf(inode: Inode): Attributes {
  const { type, mode, nlink, uid, gid, fsid, fileid, atime, mtime, ctime } = inode
  const size = sizeOf(inode)
  const used = inode.type === FileType.REG ? BigInt(inode.data.usedBytes) : size
  const rdev = 'major' in inode ? { specdata1: inode.major, specdata2: inode.minor } : noDevice
  return { type, mode, nlink, uid, gid, size, used, rdev, fsid, fileid, atime, mtime, ctime }
}

export function wccAttributesOf(inode: Inode): WccAttributes {
  return { size: sizeOf(inode), mtime: inode.mtime, ctime: inode.ctime }
}

function sizeOf(inode: Inode): bigint {
  switch (inode.type) {
    case FileType.REG:
      return inode.data.size
    case FileType.DIR:
      return BigInt((inode.entries.size + 2) * entryBytes)
    case FileType.LNK:
      return BigInt(inode.target.length)
    default:
      return 0n
  }
}
