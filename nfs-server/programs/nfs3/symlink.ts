import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type SYMLINK3args, type SYMLINK3res } from '../../xdr/generated/nfs3.ts'
import { toSetAttributes } from './attributes.ts'
import type { Handler } from './handler.ts'
import { makeObject } from './new-object.ts'

/**
 * NFSPROC3_SYMLINK (RFC 1813, section 3.3.10). The target is the client's business but for a NUL, which no
 * POSIX client could have meant and no system call could store.
 */
export function symlink(vfs: Vfs): Handler<SYMLINK3args, SYMLINK3res> {
  return ({ where, symlink: wanted }, { caller, intent }) => {
    const target = wanted.symlink_data
    const attributes = target.includes(0)
      ? nfsstat3.NFS3ERR_INVAL
      : toSetAttributes(wanted.symlink_attributes)
    return makeObject(vfs, caller, where, attributes, (initial) =>
      vfs.symlink(caller, where.dir.data, where.name, target, initial, intent),
    )
  }
}
