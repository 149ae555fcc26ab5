import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Acl, Vfs } from '../../vfs/vfs.ts'
import {
  type aclent,
  NFS_ACL,
  NFS_DFACL,
  nfsstat3,
  type SETACL3args,
  type SETACL3res,
} from '../../xdr/generated/nfsacl.ts'
import type { Handler } from '../nfs3/handler.ts'
import { refuseAttributes } from '../nfs3/refuse.ts'
import { failureStatus } from '../nfs3/status.ts'
import { fromWire } from './acl-entries.ts'
import { maskBits } from './limits.ts'

/** ACLPROC3_SETACL: sets the ACLs that the mask names; an empty one is taken away. */
export function setacl(vfs: Vfs): Handler<SETACL3args, SETACL3res> {
  return ({ fh, acl }, { caller }) => {
    const access = given(acl.mask & NFS_ACL, acl.acl, acl.aclcnt)
    const byDefault = given(acl.mask & NFS_DFACL, acl.dfacl, acl.dfaclcnt)
    if ((acl.mask & ~maskBits) !== 0 || access === 'invalid' || byDefault === 'invalid') {
      return refuseAttributes(vfs, caller, fh.data, nfsstat3.NFS3ERR_INVAL)
    }
    if (vfs.setacl === undefined) return refuseAttributes(vfs, caller, fh.data, nfsstat3.NFS3ERR_NOTSUPP)
    return mapAnswer(
      vfs.setacl(caller, fh.data, access, byDefault),
      ({ status, attributes: attr }): SETACL3res => {
        if (status !== errno.OK) return { status: failureStatus(status), resfail: { attr } }
        return { status: nfsstat3.NFS3_OK, resok: { attr } }
      },
    )
  }
}

function given(isMeant: number, entries: readonly aclent[], count: number): Acl | undefined | 'invalid' {
  if (isMeant === 0) return undefined
  if (entries.length !== count) return 'invalid'
  return fromWire(entries) ?? 'invalid'
}
