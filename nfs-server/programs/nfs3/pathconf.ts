import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type PATHCONF3args, type PATHCONF3res } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_PATHCONF (RFC 1813, section 3.3.20). */
export function pathconf(vfs: Vfs): Handler<PATHCONF3args, PATHCONF3res> {
  return ({ object }, { caller }) =>
    mapAnswer(vfs.pathconf(caller, object.data), (result): PATHCONF3res => {
      const obj_attributes = result.attributes
      if (result.status !== errno.OK) {
        return { status: failureStatus(result.status), resfail: { obj_attributes } }
      }
      const { linkmax, name_max, no_trunc, chown_restricted, case_insensitive, case_preserving } = result
      const limits = { linkmax, name_max, no_trunc, chown_restricted, case_insensitive, case_preserving }
      return { status: nfsstat3.NFS3_OK, resok: { obj_attributes, ...limits } }
    })
}
