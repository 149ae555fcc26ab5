/** What goes wrong with files, in words, with what to do about it. */
import { ClientError, ExitCode } from '../exit-codes.ts'

const known: Readonly<Record<string, readonly [words: string, advice?: string]>> = {
  EACCES: ['permission denied', 'see the permissions of the file and of the directories above it'],
  EPERM: ['not permitted'],
  EBUSY: ['it is in use'],
  EDQUOT: ['your quota of storage is used up', '"quota -s" shows it; remove something, or ask for more'],
  EEXIST: ['it exists'],
  EFBIG: ['larger than the file system, or a limit ("ulimit -f"), allows'],
  EIO: ['input/output error', "the server's log and its kernel's say more"],
  EISDIR: ['it is a directory', 'only files are read and copied; name them one by one'],
  ELOOP: ['too many symbolic links'],
  ENAMETOOLONG: ['the name is too long'],
  ENOENT: ['no such file or directory'],
  ENOSPC: ['no space is left in the file system', 'make room in it: "df" shows how full it is'],
  ENOTDIR: ['a part of the path is no directory'],
  EROFS: ['the file system is read-only', 'it is mounted or exported read-only: see findmnt and the export'],
  ESTALE: ['the file was removed on the server meanwhile'],
  ETIMEDOUT: ['the server does not answer', '"fsva-client doctor" finds out why'],
}

/** `doing`: "read", "write". */
export function fileFailure(doing: string, path: string, error: unknown, more = ''): ClientError {
  if (error instanceof ClientError) return error
  const { code, message } = error as NodeJS.ErrnoException
  // A defect of ours, not a file's.
  if (code === undefined || code.startsWith('ERR_')) throw error
  const [words, advice] = known[code] ?? [message]
  return new ClientError(ExitCode.failed, `cannot ${doing} ${path}: ${words} (${code})${more}`, advice)
}
