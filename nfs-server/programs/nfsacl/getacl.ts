import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Acl, Vfs } from '../../vfs/vfs.ts'
import {
  type aclent,
  type GETACL3args,
  type GETACL3res,
  NFS_ACL,
  NFS_ACLCNT,
  NFS_DFACL,
  NFS_DFACLCNT,
  nfsstat3,
} from '../../xdr/generated/nfsacl.ts'
import type { Handler } from '../nfs3/handler.ts'
import { refuseAttributes } from '../nfs3/refuse.ts'
import { failureStatus } from '../nfs3/status.ts'
import { aclOfMode, toWire, wireLength } from './acl-entries.ts'
import { maskBits } from './limits.ts'

const nothing: Acl = []
const noEntries: aclent[] = []

/** ACLPROC3_GETACL: the ACLs or their lengths, whatever the mask asks for. An object without has that of its mode. */
export function getacl(vfs: Vfs): Handler<GETACL3args, GETACL3res> {
  return ({ fh, mask }, { caller }) => {
    if ((mask & ~maskBits) !== 0) return refuseAttributes(vfs, caller, fh.data, nfsstat3.NFS3ERR_INVAL)
    if (vfs.getacl === undefined) return refuseAttributes(vfs, caller, fh.data, nfsstat3.NFS3ERR_NOTSUPP)
    return mapAnswer(vfs.getacl(caller, fh.data), (result): GETACL3res => {
      const attr = result.attributes
      if (result.status !== errno.OK) return { status: failureStatus(result.status), resfail: { attr } }
      const access = mask & (NFS_ACL | NFS_ACLCNT) ? (result.access ?? aclOfMode(attr!.mode)) : nothing
      const byDefault = mask & (NFS_DFACL | NFS_DFACLCNT) ? (result.default ?? nothing) : nothing
      const acl = {
        mask,
        aclcnt: wireLength(access),
        acl: mask & NFS_ACL ? toWire(access, attr!, false) : noEntries,
        dfaclcnt: wireLength(byDefault),
        dfacl: mask & NFS_DFACL ? toWire(byDefault, attr!, true) : noEntries,
      }
      return { status: nfsstat3.NFS3_OK, resok: { attr, acl } }
    })
  }
}
