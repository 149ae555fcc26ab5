/** READDIR and READDIRPLUS. */
import type { Caller } from '../../caller.ts'
import { type Errno, errno } from '../errno.ts'
import {
  type DirectoryBudget,
  type DirectoryEntry,
  type FileHandle,
  FileType,
  type ReaddirResult,
} from '../vfs.ts'
import { attributesOf, type Directory, type Inode } from './inode.ts'
import type { InodeTable } from './inode-table.ts'
import { may, mayExecute, mayRead } from './permissions.ts'

/** Cookies are good for as long as the directory lives, so there is nothing for a verifier to tell apart. */
const cookieverf = new Uint8Array(8)
const dotName = Buffer.from('.')
const dotDotName = Buffer.from('..')

export function list(
  table: InodeTable,
  caller: Caller,
  handle: FileHandle,
  cookie: bigint,
  budget: DirectoryBudget,
  plus: boolean,
): ReaddirResult {
  const directory = table.find(handle)
  const failed = (status: Errno, directoryAttributes: ReaddirResult['directoryAttributes']) => {
    return { status, directoryAttributes, cookieverf, entries: [], eof: false }
  }
  if (typeof directory === 'number') return failed(directory, undefined)
  const directoryAttributes = attributesOf(directory)
  if (directory.type !== FileType.DIR) return failed(errno.ENOTDIR, directoryAttributes)
  if (!may(caller, directory, mayRead)) return failed(errno.EACCES, directoryAttributes)

  // Who may not search the directory gets names only, as if LOOKUP had refused.
  const detailed = plus && may(caller, directory, mayExecute)
  const entries: DirectoryEntry[] = []
  let { dircount, maxcount } = budget
  for (const { name, cookie: position, inode } of everything(directory, cookie)) {
    const nameBytes = padded(name.length)
    dircount -= 20 + nameBytes
    maxcount -= 24 + nameBytes + (plus ? 4 + 84 + 8 + padded(inode.handle.length) : 0)
    if (dircount < 0 || maxcount < 0) {
      if (entries.length === 0) return failed(errno.ETOOSMALL, directoryAttributes)
      return { status: errno.OK, directoryAttributes, cookieverf, entries, eof: false }
    }
    const attributes = detailed ? attributesOf(inode) : undefined
    const entryHandle = detailed ? inode.handle : undefined
    entries.push({ fileid: inode.fileid, name, cookie: position, attributes, handle: entryHandle })
  }
  return { status: errno.OK, directoryAttributes, cookieverf, entries, eof: true }
}

interface Listed {
  readonly name: Uint8Array
  readonly cookie: bigint
  readonly inode: Inode
}

function* everything(directory: Directory, cookie: bigint): Generator<Listed> {
  if (cookie < 1n) yield { name: dotName, cookie: 1n, inode: directory }
  if (cookie < 2n) yield { name: dotDotName, cookie: 2n, inode: directory.parent ?? directory }
  yield* directory.entries.after(cookie)
}

function padded(byteLength: number): number {
  return (byteLength + 3) & ~3
}
