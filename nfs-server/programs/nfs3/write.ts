import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type WRITE3args, type WRITE3res } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { reachesPastEnd, wtmaxBytes } from './limits.ts'
import { refuseFile } from './refuse.ts'
import { failureStatus } from './status.ts'

/**
 * NFSPROC3_WRITE (RFC 1813, section 3.3.7). More than wtmax is written in part, as the RFC allows: the client
 * sends the rest again.
 */
export function write(vfs: Vfs): Handler<WRITE3args, WRITE3res> {
  return ({ file, offset, count, stable, data }, { caller }) => {
    if (count !== data.length) return refuseFile(vfs, caller, file.data, nfsstat3.NFS3ERR_INVAL)
    if (reachesPastEnd(offset, count)) return refuseFile(vfs, caller, file.data, nfsstat3.NFS3ERR_FBIG)
    const accepted = count > wtmaxBytes ? data.subarray(0, wtmaxBytes) : data
    return mapAnswer(vfs.write(caller, file.data, offset, accepted, stable), (result): WRITE3res => {
      const { status, wcc: file_wcc } = result
      if (status !== errno.OK) return { status: failureStatus(status), resfail: { file_wcc } }
      const { count: written, committed, verifier: verf } = result
      return { status: nfsstat3.NFS3_OK, resok: { file_wcc, count: written, committed, verf } }
    })
  }
}
