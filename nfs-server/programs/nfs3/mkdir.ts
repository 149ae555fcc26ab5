import { errno } from '../../vfs/errno.ts'
import type { SetAttributes, Vfs } from '../../vfs/vfs.ts'
import { type MKDIR3args, type MKDIR3res, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import { toSetAttributes } from './attributes.ts'
import type { Handler } from './handler.ts'
import { makeObject } from './new-object.ts'

/** NFSPROC3_MKDIR (RFC 1813, section 3.3.9). */
export function mkdir(vfs: Vfs): Handler<MKDIR3args, MKDIR3res> {
  return ({ where, attributes }, { caller }) => {
    const initial = toSetAttributes(attributes)
    const invalid = initial === errno.EINVAL ? nfsstat3.NFS3ERR_INVAL : undefined
    return makeObject(vfs, caller, where, invalid, () =>
      vfs.mkdir(caller, where.dir.data, where.name, initial as SetAttributes),
    )
  }
}
