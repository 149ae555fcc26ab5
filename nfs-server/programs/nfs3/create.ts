import type { CreateHow, Vfs } from '../../vfs/vfs.ts'
import {
  type CREATE3args,
  type CREATE3res,
  type createhow3,
  createmode3,
  nfsstat3,
} from '../../xdr/generated/nfs3.ts'
import { toSetAttributes } from './attributes.ts'
import type { Handler } from './handler.ts'
import { fileOffsetMax } from './limits.ts'
import { makeObject } from './new-object.ts'
import type { Failure } from './status.ts'

/** NFSPROC3_CREATE (RFC 1813, section 3.3.8): unchecked, guarded or exclusive. */
export function create(vfs: Vfs): Handler<CREATE3args, CREATE3res> {
  return ({ where, how }, { caller, intent }) =>
    makeObject(vfs, caller, where, toCreateHow(how), (wanted) =>
      vfs.create(caller, where.dir.data, where.name, wanted, intent),
    )
}

function toCreateHow(how: createhow3): CreateHow | Failure {
  if (how.mode === createmode3.EXCLUSIVE) return { mode: 'exclusive', verifier: how.verf }
  const attributes = toSetAttributes(how.obj_attributes)
  if (typeof attributes === 'number') return attributes
  if (attributes.size !== undefined && attributes.size > fileOffsetMax) return nfsstat3.NFS3ERR_FBIG
  return { mode: how.mode === createmode3.GUARDED ? 'guarded' : 'unchecked', attributes }
}
