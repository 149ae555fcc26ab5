import { type Errno, errno } from '../../vfs/errno.ts'
import { nlm_stats, nlm4_stats } from '../../xdr/generated/nlm.ts'

/** What a failed lock operation of the Vfs is for the client. A conflict is DENIED; who waits hears BLOCKED. */
const fromErrno: ReadonlyMap<Errno, nlm4_stats> = new Map([
  [errno.OK, nlm4_stats.NLM4_GRANTED],
  [errno.EAGAIN, nlm4_stats.NLM4_DENIED],
  [errno.ESTALE, nlm4_stats.NLM4_STALE_FH],
  [errno.EBADHANDLE, nlm4_stats.NLM4_STALE_FH],
  [errno.EROFS, nlm4_stats.NLM4_ROFS],
  [errno.EFBIG, nlm4_stats.NLM4_FBIG],
  [errno.ENOLCK, nlm4_stats.NLM4_DENIED_NOLOCKS],
  [errno.ENOMEM, nlm4_stats.NLM4_DENIED_NOLOCKS],
  [errno.EMFILE, nlm4_stats.NLM4_DENIED_NOLOCKS],
  [errno.ENFILE, nlm4_stats.NLM4_DENIED_NOLOCKS],
  [errno.EJUKEBOX, nlm4_stats.NLM4_DENIED_NOLOCKS],
])

export function statusFromErrno(status: Errno): nlm4_stats {
  return fromErrno.get(status) ?? nlm4_stats.NLM4_FAILED
}

/** Versions 1 and 3 have five values: what else is wrong is a lock that cannot be had. */
export function statusBeforeVersion4(status: nlm4_stats): nlm_stats {
  switch (status) {
    case nlm4_stats.NLM4_GRANTED:
    case nlm4_stats.NLM4_DENIED:
    case nlm4_stats.NLM4_DENIED_NOLOCKS:
    case nlm4_stats.NLM4_BLOCKED:
    case nlm4_stats.NLM4_DENIED_GRACE_PERIOD:
      return status
    case nlm4_stats.NLM4_DEADLCK:
      return nlm_stats.LCK_DENIED
    default:
      return nlm_stats.LCK_DENIED_NOLOCKS
  }
}
