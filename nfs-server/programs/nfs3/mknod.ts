import { errno } from '../../vfs/errno.ts'
import type { SetAttributes, SpecialFile, Vfs } from '../../vfs/vfs.ts'
import {
  ftype3,
  type MKNOD3args,
  type MKNOD3res,
  type mknoddata3,
  nfsstat3,
  type sattr3,
} from '../../xdr/generated/nfs3.ts'
import { toSetAttributes } from './attributes.ts'
import type { Handler } from './handler.ts'
import { makeObject } from './new-object.ts'

/** NFSPROC3_MKNOD (RFC 1813, section 3.3.11): devices, sockets and fifos; anything else is BADTYPE. */
export function mknod(vfs: Vfs): Handler<MKNOD3args, MKNOD3res> {
  return ({ where, what }, { caller }) => {
    const wanted = toSpecialFile(what)
    if (wanted === undefined) {
      return makeObject(vfs, caller, where, nfsstat3.NFS3ERR_BADTYPE, () => {
        throw new Error('BADTYPE makes nothing')
      })
    }
    const initial = toSetAttributes(wanted.attributes)
    const invalid = initial === errno.EINVAL ? nfsstat3.NFS3ERR_INVAL : undefined
    return makeObject(vfs, caller, where, invalid, () =>
      vfs.mknod(caller, where.dir.data, where.name, wanted.file, initial as SetAttributes),
    )
  }
}

function toSpecialFile(what: mknoddata3): { file: SpecialFile; attributes: sattr3 } | undefined {
  switch (what.type) {
    case ftype3.NF3CHR:
    case ftype3.NF3BLK: {
      const { dev_attributes, spec } = what.device
      const file = { type: what.type, major: spec.specdata1, minor: spec.specdata2 }
      return { file, attributes: dev_attributes }
    }
    case ftype3.NF3SOCK:
    case ftype3.NF3FIFO:
      return { file: { type: what.type }, attributes: what.pipe_attributes }
    default:
      return undefined
  }
}
