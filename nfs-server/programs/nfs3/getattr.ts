import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { type GETATTR3args, type GETATTR3res, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_GETATTR (RFC 1813, section 3.3.1). */
export function getattr(vfs: Vfs): Handler<GETATTR3args, GETATTR3res> {
  return ({ object }, { caller }) =>
    mapAnswer(vfs.getattr(caller, object.data), (result): GETATTR3res => {
      if (result.status !== errno.OK) return { status: failureStatus(result.status) }
      return { status: nfsstat3.NFS3_OK, resok: { obj_attributes: result.attributes! } }
    })
}
