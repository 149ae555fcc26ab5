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
import type { Failure } from './status.ts'

/** NFSPROC3_MKNOD (RFC 1813, section 3.3.11): devices, sockets and fifos; anything else is BADTYPE. */
export function mknod(vfs: Vfs): Handler<MKNOD3args, MKNOD3res> {
  return ({ where, what }, { caller, intent }) =>
    makeObject(vfs, caller, where, toSpecial(what), ({ file, initial }) =>
      vfs.mknod(caller, where.dir.data, where.name, file, initial, intent),
    )
}

interface Special {
  readonly file: SpecialFile
  readonly initial: SetAttributes
}

function toSpecial(what: mknoddata3): Special | Failure {
  switch (what.type) {
    case ftype3.NF3CHR:
    case ftype3.NF3BLK: {
      const { dev_attributes, spec } = what.device
      const file = { type: what.type, major: spec.specdata1, minor: spec.specdata2 }
      return withInitial(file, dev_attributes)
    }
    case ftype3.NF3SOCK:
    case ftype3.NF3FIFO:
      return withInitial({ type: what.type }, what.pipe_attributes)
    default:
      return nfsstat3.NFS3ERR_BADTYPE
  }
}

function withInitial(file: SpecialFile, attributes: sattr3): Special | Failure {
  const initial = toSetAttributes(attributes)
  return typeof initial === 'number' ? initial : { file, initial }
}
