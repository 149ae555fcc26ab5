import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { type LOOKUP3args, type LOOKUP3res, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { refusedName } from './names.ts'
import { refuseIn } from './refuse.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_LOOKUP (RFC 1813, section 3.3.3). The one procedure for which "." and ".." are names. */
export function lookup(vfs: Vfs): Handler<LOOKUP3args, LOOKUP3res> {
  return ({ what: { dir, name } }, { caller }) => {
    const refused = refusedName(name, 'lookup')
    if (refused !== undefined) {
      return mapAnswer(
        refuseIn(vfs, caller, dir.data, refused),
        ({ status, attributes }): LOOKUP3res => ({ status, resfail: { dir_attributes: attributes } }),
      )
    }
    return mapAnswer(vfs.lookup(caller, dir.data, name), (result): LOOKUP3res => {
      const dir_attributes = result.directoryAttributes
      if (result.status !== errno.OK) {
        return { status: failureStatus(result.status), resfail: { dir_attributes } }
      }
      const resok = { object: { data: result.handle! }, obj_attributes: result.attributes, dir_attributes }
      return { status: nfsstat3.NFS3_OK, resok }
    })
  }
}
