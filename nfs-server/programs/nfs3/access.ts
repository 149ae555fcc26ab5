import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { type ACCESS3args, type ACCESS3res, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_ACCESS (RFC 1813, section 3.3.4). */
export function access(vfs: Vfs): Handler<ACCESS3args, ACCESS3res> {
  return ({ object, access: wanted }, { caller }) =>
    mapAnswer(vfs.access(caller, object.data, wanted), (result): ACCESS3res => {
      const obj_attributes = result.attributes
      if (result.status !== errno.OK) {
        return { status: failureStatus(result.status), resfail: { obj_attributes } }
      }
      return { status: nfsstat3.NFS3_OK, resok: { obj_attributes, access: result.access } }
    })
}
