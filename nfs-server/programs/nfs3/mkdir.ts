import type { Vfs } from '../../vfs/vfs.ts'
import type { MKDIR3args, MKDIR3res } from '../../xdr/generated/nfs3.ts'
import { toSetAttributes } from './attributes.ts'
import type { Handler } from './handler.ts'
import { makeObject } from './new-object.ts'

/** NFSPROC3_MKDIR (RFC 1813, section 3.3.9). */
export function mkdir(vfs: Vfs): Handler<MKDIR3args, MKDIR3res> {
  return ({ where, attributes }, { caller, intent }) =>
    makeObject(vfs, caller, where, toSetAttributes(attributes), (initial) =>
      vfs.mkdir(caller, where.dir.data, where.name, initial, intent),
    )
}
