import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { type COMMIT3args, type COMMIT3res, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { clippedOffset, reachesPastEnd } from './limits.ts'
import { failureStatus } from './status.ts'

/**
 * NFSPROC3_COMMIT (RFC 1813, section 3.3.21). A range that starts past the last possible byte is clipped to an
 * empty one at the end; one that reaches past it means "to the end of the file", which is count 0.
 */
export function commit(vfs: Vfs): Handler<COMMIT3args, COMMIT3res> {
  return ({ file, offset, count }, { caller }) => {
    const start = clippedOffset(offset)
    const bounded = reachesPastEnd(start, count) ? 0 : count
    return mapAnswer(vfs.commit(caller, file.data, start, bounded), (result): COMMIT3res => {
      const { status, wcc: file_wcc } = result
      if (status !== errno.OK) return { status: failureStatus(status), resfail: { file_wcc } }
      return { status: nfsstat3.NFS3_OK, resok: { file_wcc, verf: result.verifier } }
    })
  }
}
