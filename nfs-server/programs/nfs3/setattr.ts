import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type SETATTR3args, type SETATTR3res } from '../../xdr/generated/nfs3.ts'
import { isTime, toSetAttributes } from './attributes.ts'
import type { Handler } from './handler.ts'
import { fileOffsetMax } from './limits.ts'
import { refuseObject } from './refuse.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_SETATTR (RFC 1813, section 3.3.2), with the guard on the ctime if the client sends one. */
export function setattr(vfs: Vfs): Handler<SETATTR3args, SETATTR3res> {
  return ({ object, new_attributes, guard }, { caller, intent }) => {
    const changes = toSetAttributes(new_attributes)
    if (typeof changes === 'number') return refuseObject(vfs, caller, object.data, changes)
    if (guard !== undefined && !isTime(guard)) {
      return refuseObject(vfs, caller, object.data, nfsstat3.NFS3ERR_INVAL)
    }
    if (changes.size !== undefined && changes.size > fileOffsetMax) {
      return refuseObject(vfs, caller, object.data, nfsstat3.NFS3ERR_FBIG)
    }
    return mapAnswer(
      vfs.setattr(caller, object.data, changes, guard, intent),
      ({ status, wcc }): SETATTR3res => {
        if (status !== errno.OK) return { status: failureStatus(status), resfail: { obj_wcc: wcc } }
        return { status: nfsstat3.NFS3_OK, resok: { obj_wcc: wcc } }
      },
    )
  }
}
