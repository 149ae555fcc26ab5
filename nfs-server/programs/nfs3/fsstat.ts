import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { type FSSTAT3args, type FSSTAT3res, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_FSSTAT (RFC 1813, section 3.3.18). */
export function fsstat(vfs: Vfs): Handler<FSSTAT3args, FSSTAT3res> {
  return ({ fsroot }, { caller }) =>
    mapAnswer(vfs.fsstat(caller, fsroot.data), (result): FSSTAT3res => {
      const obj_attributes = result.attributes
      if (result.status !== errno.OK) {
        return { status: failureStatus(result.status), resfail: { obj_attributes } }
      }
      const { tbytes, fbytes, abytes, tfiles, ffiles, afiles, invarsec } = result
      const resok = { obj_attributes, tbytes, fbytes, abytes, tfiles, ffiles, afiles, invarsec }
      return { status: nfsstat3.NFS3_OK, resok }
    })
}
