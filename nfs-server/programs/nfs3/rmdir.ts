import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type RMDIR3args, type RMDIR3res } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { refusedName } from './names.ts'
import { refuseChange } from './refuse.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_RMDIR (RFC 1813, section 3.3.13). */
export function rmdir(vfs: Vfs): Handler<RMDIR3args, RMDIR3res> {
  return ({ object: { dir, name } }, { caller, intent }) => {
    const refused = refusedName(name, 'rmdir')
    if (refused !== undefined) return refuseChange(vfs, caller, dir.data, refused)
    return mapAnswer(vfs.rmdir(caller, dir.data, name, intent), ({ status, wcc }): RMDIR3res => {
      if (status !== errno.OK) return { status: failureStatus(status), resfail: { dir_wcc: wcc } }
      return { status: nfsstat3.NFS3_OK, resok: { dir_wcc: wcc } }
    })
  }
}
