import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { FsinfoResult, Vfs } from '../../vfs/vfs.ts'
import {
  FSF3_CANSETTIME,
  FSF3_HOMOGENEOUS,
  FSF3_LINK,
  FSF3_SYMLINK,
  type FSINFO3args,
  type FSINFO3res,
  nfsstat3,
} from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { dtprefBytes, rtmaxBytes, transferMultipleBytes, wtmaxBytes } from './limits.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_FSINFO (RFC 1813, section 3.3.19). */
export function fsinfo(vfs: Vfs): Handler<FSINFO3args, FSINFO3res> {
  return ({ fsroot }, { caller }) =>
    mapAnswer(vfs.fsinfo(caller, fsroot.data), (result): FSINFO3res => {
      const obj_attributes = result.attributes
      if (result.status !== errno.OK) {
        return { status: failureStatus(result.status), resfail: { obj_attributes } }
      }
      const resok = {
        obj_attributes,
        rtmax: rtmaxBytes,
        rtpref: rtmaxBytes,
        rtmult: transferMultipleBytes,
        wtmax: wtmaxBytes,
        wtpref: wtmaxBytes,
        wtmult: transferMultipleBytes,
        dtpref: dtprefBytes,
        maxfilesize: result.maxfilesize,
        time_delta: result.time_delta,
        properties: toProperties(result),
      }
      return { status: nfsstat3.NFS3_OK, resok }
    })
}

function toProperties({ link, symlink, homogeneous, cansettime }: FsinfoResult): number {
  return (
    (link ? FSF3_LINK : 0) |
    (symlink ? FSF3_SYMLINK : 0) |
    (homogeneous ? FSF3_HOMOGENEOUS : 0) |
    (cansettime ? FSF3_CANSETTIME : 0)
  )
}
