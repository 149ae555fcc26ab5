import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { type LINK3args, type LINK3res, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import { afterOnly } from './attributes.ts'
import type { Handler } from './handler.ts'
import { refusedName } from './names.ts'
import { refuseIn } from './refuse.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_LINK (RFC 1813, section 3.3.15). */
export function link(vfs: Vfs): Handler<LINK3args, LINK3res> {
  return ({ file, link: { dir, name } }, { caller, intent }) => {
    const refused = refusedName(name, 'create')
    if (refused !== undefined) {
      return mapAnswer(refuseIn(vfs, caller, dir.data, refused), ({ status, attributes }): LINK3res => {
        const resfail = { file_attributes: undefined, linkdir_wcc: afterOnly(attributes) }
        return { status, resfail }
      })
    }
    return mapAnswer(vfs.link(caller, file.data, dir.data, name, intent), (result): LINK3res => {
      const both = { file_attributes: result.attributes, linkdir_wcc: result.wcc }
      if (result.status !== errno.OK) return { status: failureStatus(result.status), resfail: both }
      return { status: nfsstat3.NFS3_OK, resok: both }
    })
  }
}
