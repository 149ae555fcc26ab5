import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type READLINK3args, type READLINK3res } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_READLINK (RFC 1813, section 3.3.5). The target is the client's to interpret: bytes, unchecked. */
export function readlink(vfs: Vfs): Handler<READLINK3args, READLINK3res> {
  return ({ symlink }, { caller }) =>
    mapAnswer(vfs.readlink(caller, symlink.data), (result): READLINK3res => {
      const symlink_attributes = result.attributes
      if (result.status !== errno.OK) {
        return { status: failureStatus(result.status), resfail: { symlink_attributes } }
      }
      return { status: nfsstat3.NFS3_OK, resok: { symlink_attributes, data: result.target! } }
    })
}
