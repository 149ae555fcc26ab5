import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type REMOVE3args, type REMOVE3res } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { refusedName } from './names.ts'
import { refuseChange } from './refuse.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_REMOVE (RFC 1813, section 3.3.12). */
export function remove(vfs: Vfs): Handler<REMOVE3args, REMOVE3res> {
  return ({ object: { dir, name } }, { caller, intent }) => {
    const refused = refusedName(name, 'remove')
    if (refused !== undefined) return refuseChange(vfs, caller, dir.data, refused)
    return mapAnswer(vfs.remove(caller, dir.data, name, intent), ({ status, wcc }): REMOVE3res => {
      if (status !== errno.OK) return { status: failureStatus(status), resfail: { dir_wcc: wcc } }
      return { status: nfsstat3.NFS3_OK, resok: { dir_wcc: wcc } }
    })
  }
}
