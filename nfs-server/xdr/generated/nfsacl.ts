// Generated from nfsacl.x by xdr-parser; do not edit.
import { decodeVoid, encodeVoid, type Procedure } from '../procedure.ts'
import { asInt32, asUint32, asUint64 } from '../range.ts'
import type { XdrReader } from '../reader.ts'
import type { XdrWriter } from '../writer.ts'
import { XdrError } from '../xdr-error.ts'

export const NFS_ACL_MAX_ENTRIES = 1024

export const NFS_ACL = 1

export const NFS_ACLCNT = 2

export const NFS_DFACL = 4

export const NFS_DFACLCNT = 8

export const NFS_ACL_DEFAULT = 4096

export const NFS3_FHSIZE = 64

export const nfsstat3 = {
  NFS3_OK: 0,
  NFS3ERR_PERM: 1,
  NFS3ERR_NOENT: 2,
  NFS3ERR_IO: 5,
  NFS3ERR_NXIO: 6,
  NFS3ERR_ACCES: 13,
  NFS3ERR_EXIST: 17,
  NFS3ERR_XDEV: 18,
  NFS3ERR_NODEV: 19,
  NFS3ERR_NOTDIR: 20,
  NFS3ERR_ISDIR: 21,
  NFS3ERR_INVAL: 22,
  NFS3ERR_FBIG: 27,
  NFS3ERR_NOSPC: 28,
  NFS3ERR_ROFS: 30,
  NFS3ERR_MLINK: 31,
  NFS3ERR_NAMETOOLONG: 63,
  NFS3ERR_NOTEMPTY: 66,
  NFS3ERR_DQUOT: 69,
  NFS3ERR_STALE: 70,
  NFS3ERR_REMOTE: 71,
  NFS3ERR_BADHANDLE: 10001,
  NFS3ERR_NOT_SYNC: 10002,
  NFS3ERR_BAD_COOKIE: 10003,
  NFS3ERR_NOTSUPP: 10004,
  NFS3ERR_TOOSMALL: 10005,
  NFS3ERR_SERVERFAULT: 10006,
  NFS3ERR_BADTYPE: 10007,
  NFS3ERR_JUKEBOX: 10008,
} as const
export type nfsstat3 = (typeof nfsstat3)[keyof typeof nfsstat3]

export function decodenfsstat3(reader: XdrReader): nfsstat3 {
  const value = reader.readInt32()
  switch (value) {
    case 0:
    case 1:
    case 2:
    case 5:
    case 6:
    case 13:
    case 17:
    case 18:
    case 19:
    case 20:
    case 21:
    case 22:
    case 27:
    case 28:
    case 30:
    case 31:
    case 63:
    case 66:
    case 69:
    case 70:
    case 71:
    case 10001:
    case 10002:
    case 10003:
    case 10004:
    case 10005:
    case 10006:
    case 10007:
    case 10008:
      return value
    default:
      throw new XdrError(`${value} is not a value of nfsstat3`)
  }
}

export function encodenfsstat3(writer: XdrWriter, value: nfsstat3): void {
  writer.writeInt32(value)
}

export const ftype3 = {
  NF3REG: 1,
  NF3DIR: 2,
  NF3BLK: 3,
  NF3CHR: 4,
  NF3LNK: 5,
  NF3SOCK: 6,
  NF3FIFO: 7,
} as const
export type ftype3 = (typeof ftype3)[keyof typeof ftype3]

export function decodeftype3(reader: XdrReader): ftype3 {
  const value = reader.readInt32()
  if (value < 1 || value > 7) throw new XdrError(`${value} is not a value of ftype3`)
  return value as ftype3
}

export function encodeftype3(writer: XdrWriter, value: ftype3): void {
  writer.writeInt32(value)
}

export interface specdata3 {
  readonly specdata1: number
  readonly specdata2: number
}

export function decodespecdata3(reader: XdrReader): specdata3 {
  let field = 'specdata1'
  try {
    const specdata1_ = reader.readUint32()
    field = 'specdata2'
    const specdata2_ = reader.readUint32()
    return { specdata1: specdata1_, specdata2: specdata2_ }
  } catch (error) {
    throw XdrError.within(error, 'specdata3', field, -1)
  }
}

export function encodespecdata3(writer: XdrWriter, value: specdata3): void {
  let field = 'specdata1'
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.specdata1))
    field = 'specdata2'
    view0.setUint32(at0 + 4, asUint32(value.specdata2))
  } catch (error) {
    throw XdrError.within(error, 'specdata3', field, -1)
  }
}

export interface nfs_fh3 {
  readonly data: Uint8Array
}

export function decodenfs_fh3(reader: XdrReader): nfs_fh3 {
  try {
    const data_ = reader.readOpaque(64)
    return { data: data_ }
  } catch (error) {
    throw XdrError.within(error, 'nfs_fh3', 'data', -1)
  }
}

export function encodenfs_fh3(writer: XdrWriter, value: nfs_fh3): void {
  try {
    writer.writeOpaque(value.data, 64)
  } catch (error) {
    throw XdrError.within(error, 'nfs_fh3', 'data', -1)
  }
}

export interface nfstime3 {
  readonly seconds: number
  readonly nseconds: number
}

export function decodenfstime3(reader: XdrReader): nfstime3 {
  let field = 'seconds'
  try {
    const seconds_ = reader.readUint32()
    field = 'nseconds'
    const nseconds_ = reader.readUint32()
    return { seconds: seconds_, nseconds: nseconds_ }
  } catch (error) {
    throw XdrError.within(error, 'nfstime3', field, -1)
  }
}

export function encodenfstime3(writer: XdrWriter, value: nfstime3): void {
  let field = 'seconds'
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.seconds))
    field = 'nseconds'
    view0.setUint32(at0 + 4, asUint32(value.nseconds))
  } catch (error) {
    throw XdrError.within(error, 'nfstime3', field, -1)
  }
}

export interface fattr3 {
  readonly type: ftype3
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly size: bigint
  readonly used: bigint
  readonly rdev: specdata3
  readonly fsid: bigint
  readonly fileid: bigint
  readonly atime: nfstime3
  readonly mtime: nfstime3
  readonly ctime: nfstime3
}

export function decodefattr3(reader: XdrReader): fattr3 {
  let field = 'type'
  try {
    const type_ = decodeftype3(reader)
    field = 'mode'
    const mode_ = reader.readUint32()
    field = 'nlink'
    const nlink_ = reader.readUint32()
    field = 'uid'
    const uid_ = reader.readUint32()
    field = 'gid'
    const gid_ = reader.readUint32()
    field = 'size'
    const size_ = reader.readUint64()
    field = 'used'
    const used_ = reader.readUint64()
    field = 'rdev'
    const rdev_ = decodespecdata3(reader)
    field = 'fsid'
    const fsid_ = reader.readUint64()
    field = 'fileid'
    const fileid_ = reader.readUint64()
    field = 'atime'
    const atime_ = decodenfstime3(reader)
    field = 'mtime'
    const mtime_ = decodenfstime3(reader)
    field = 'ctime'
    const ctime_ = decodenfstime3(reader)
    return { type: type_, mode: mode_, nlink: nlink_, uid: uid_, gid: gid_, size: size_, used: used_, rdev: rdev_, fsid: fsid_, fileid: fileid_, atime: atime_, mtime: mtime_, ctime: ctime_ }
  } catch (error) {
    throw XdrError.within(error, 'fattr3', field, -1)
  }
}

export function encodefattr3(writer: XdrWriter, value: fattr3): void {
  let field = 'type'
  try {
    const at0 = writer.take(84)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.type))
    field = 'mode'
    view0.setUint32(at0 + 4, asUint32(value.mode))
    field = 'nlink'
    view0.setUint32(at0 + 8, asUint32(value.nlink))
    field = 'uid'
    view0.setUint32(at0 + 12, asUint32(value.uid))
    field = 'gid'
    view0.setUint32(at0 + 16, asUint32(value.gid))
    field = 'size'
    view0.setBigUint64(at0 + 20, asUint64(value.size))
    field = 'used'
    view0.setBigUint64(at0 + 28, asUint64(value.used))
    field = 'rdev.specdata1'
    view0.setUint32(at0 + 36, asUint32(value.rdev.specdata1))
    field = 'rdev.specdata2'
    view0.setUint32(at0 + 40, asUint32(value.rdev.specdata2))
    field = 'fsid'
    view0.setBigUint64(at0 + 44, asUint64(value.fsid))
    field = 'fileid'
    view0.setBigUint64(at0 + 52, asUint64(value.fileid))
    field = 'atime.seconds'
    view0.setUint32(at0 + 60, asUint32(value.atime.seconds))
    field = 'atime.nseconds'
    view0.setUint32(at0 + 64, asUint32(value.atime.nseconds))
    field = 'mtime.seconds'
    view0.setUint32(at0 + 68, asUint32(value.mtime.seconds))
    field = 'mtime.nseconds'
    view0.setUint32(at0 + 72, asUint32(value.mtime.nseconds))
    field = 'ctime.seconds'
    view0.setUint32(at0 + 76, asUint32(value.ctime.seconds))
    field = 'ctime.nseconds'
    view0.setUint32(at0 + 80, asUint32(value.ctime.nseconds))
  } catch (error) {
    throw XdrError.within(error, 'fattr3', field, -1)
  }
}

export type post_op_attr = fattr3 | undefined

export function decodepost_op_attr(reader: XdrReader): post_op_attr {
  let field = 'attributes_follow'
  try {
    if (!reader.readBool()) return undefined
    field = 'attributes'
    return decodefattr3(reader)
  } catch (error) {
    throw XdrError.within(error, 'post_op_attr', field, -1)
  }
}

export function encodepost_op_attr(writer: XdrWriter, value: post_op_attr): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    encodefattr3(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'post_op_attr', 'attributes', -1)
  }
}

export interface aclent {
  readonly type: number
  readonly id: number
  readonly perm: number
}

export function decodeaclent(reader: XdrReader): aclent {
  let field = 'type'
  try {
    const type_ = reader.readUint32()
    field = 'id'
    const id_ = reader.readUint32()
    field = 'perm'
    const perm_ = reader.readUint32()
    return { type: type_, id: id_, perm: perm_ }
  } catch (error) {
    throw XdrError.within(error, 'aclent', field, -1)
  }
}

export function encodeaclent(writer: XdrWriter, value: aclent): void {
  let field = 'type'
  try {
    const at0 = writer.take(12)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.type))
    field = 'id'
    view0.setUint32(at0 + 4, asUint32(value.id))
    field = 'perm'
    view0.setUint32(at0 + 8, asUint32(value.perm))
  } catch (error) {
    throw XdrError.within(error, 'aclent', field, -1)
  }
}

export interface secattr {
  readonly mask: number
  readonly aclcnt: number
  readonly acl: readonly aclent[]
  readonly dfaclcnt: number
  readonly dfacl: readonly aclent[]
}

export function decodesecattr(reader: XdrReader): secattr {
  let field = 'mask'
  let index = -1
  try {
    const mask_ = reader.readUint32()
    field = 'aclcnt'
    const aclcnt_ = reader.readUint32()
    field = 'acl'
    const acl_count = reader.readCount(1024, 12)
    const acl_: aclent[] = []
    for (index = 0; index < acl_count; index++) {
      acl_.push(decodeaclent(reader))
    }
    index = -1
    field = 'dfaclcnt'
    const dfaclcnt_ = reader.readUint32()
    field = 'dfacl'
    const dfacl_count = reader.readCount(1024, 12)
    const dfacl_: aclent[] = []
    for (index = 0; index < dfacl_count; index++) {
      dfacl_.push(decodeaclent(reader))
    }
    index = -1
    return { mask: mask_, aclcnt: aclcnt_, acl: acl_, dfaclcnt: dfaclcnt_, dfacl: dfacl_ }
  } catch (error) {
    throw XdrError.within(error, 'secattr', field, index)
  }
}

export function encodesecattr(writer: XdrWriter, value: secattr): void {
  let field = 'mask'
  let index = -1
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.mask))
    field = 'aclcnt'
    view0.setUint32(at0 + 4, asUint32(value.aclcnt))
    field = 'acl'
    writer.writeCount(value.acl.length, 1024)
    for (index = 0; index < value.acl.length; index++) {
      const element = value.acl[index] as aclent
      encodeaclent(writer, element)
    }
    index = -1
    field = 'dfaclcnt'
    writer.writeUint32(value.dfaclcnt)
    field = 'dfacl'
    writer.writeCount(value.dfacl.length, 1024)
    for (index = 0; index < value.dfacl.length; index++) {
      const element = value.dfacl[index] as aclent
      encodeaclent(writer, element)
    }
    index = -1
  } catch (error) {
    throw XdrError.within(error, 'secattr', field, index)
  }
}

export interface GETACL3args {
  readonly fh: nfs_fh3
  readonly mask: number
}

export function decodeGETACL3args(reader: XdrReader): GETACL3args {
  let field = 'fh'
  try {
    const fh_ = decodenfs_fh3(reader)
    field = 'mask'
    const mask_ = reader.readUint32()
    return { fh: fh_, mask: mask_ }
  } catch (error) {
    throw XdrError.within(error, 'GETACL3args', field, -1)
  }
}

export function encodeGETACL3args(writer: XdrWriter, value: GETACL3args): void {
  let field = 'fh'
  try {
    encodenfs_fh3(writer, value.fh)
    field = 'mask'
    writer.writeUint32(value.mask)
  } catch (error) {
    throw XdrError.within(error, 'GETACL3args', field, -1)
  }
}

export interface GETACL3resok {
  readonly attr: post_op_attr
  readonly acl: secattr
}

export function decodeGETACL3resok(reader: XdrReader): GETACL3resok {
  let field = 'attr'
  try {
    const attr_ = decodepost_op_attr(reader)
    field = 'acl'
    const acl_ = decodesecattr(reader)
    return { attr: attr_, acl: acl_ }
  } catch (error) {
    throw XdrError.within(error, 'GETACL3resok', field, -1)
  }
}

export function encodeGETACL3resok(writer: XdrWriter, value: GETACL3resok): void {
  let field = 'attr'
  try {
    encodepost_op_attr(writer, value.attr)
    field = 'acl'
    encodesecattr(writer, value.acl)
  } catch (error) {
    throw XdrError.within(error, 'GETACL3resok', field, -1)
  }
}

export interface GETACL3resfail {
  readonly attr: post_op_attr
}

export function decodeGETACL3resfail(reader: XdrReader): GETACL3resfail {
  try {
    const attr_ = decodepost_op_attr(reader)
    return { attr: attr_ }
  } catch (error) {
    throw XdrError.within(error, 'GETACL3resfail', 'attr', -1)
  }
}

export function encodeGETACL3resfail(writer: XdrWriter, value: GETACL3resfail): void {
  try {
    encodepost_op_attr(writer, value.attr)
  } catch (error) {
    throw XdrError.within(error, 'GETACL3resfail', 'attr', -1)
  }
}

export type GETACL3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: GETACL3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: GETACL3resfail }

export function decodeGETACL3res(reader: XdrReader): GETACL3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeGETACL3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeGETACL3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'GETACL3res', field, -1)
  }
}

export function encodeGETACL3res(writer: XdrWriter, value: GETACL3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeGETACL3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeGETACL3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'GETACL3res', field, -1)
  }
}

export interface SETACL3args {
  readonly fh: nfs_fh3
  readonly acl: secattr
}

export function decodeSETACL3args(reader: XdrReader): SETACL3args {
  let field = 'fh'
  try {
    const fh_ = decodenfs_fh3(reader)
    field = 'acl'
    const acl_ = decodesecattr(reader)
    return { fh: fh_, acl: acl_ }
  } catch (error) {
    throw XdrError.within(error, 'SETACL3args', field, -1)
  }
}

export function encodeSETACL3args(writer: XdrWriter, value: SETACL3args): void {
  let field = 'fh'
  try {
    encodenfs_fh3(writer, value.fh)
    field = 'acl'
    encodesecattr(writer, value.acl)
  } catch (error) {
    throw XdrError.within(error, 'SETACL3args', field, -1)
  }
}

export interface SETACL3resok {
  readonly attr: post_op_attr
}

export function decodeSETACL3resok(reader: XdrReader): SETACL3resok {
  try {
    const attr_ = decodepost_op_attr(reader)
    return { attr: attr_ }
  } catch (error) {
    throw XdrError.within(error, 'SETACL3resok', 'attr', -1)
  }
}

export function encodeSETACL3resok(writer: XdrWriter, value: SETACL3resok): void {
  try {
    encodepost_op_attr(writer, value.attr)
  } catch (error) {
    throw XdrError.within(error, 'SETACL3resok', 'attr', -1)
  }
}

export interface SETACL3resfail {
  readonly attr: post_op_attr
}

export function decodeSETACL3resfail(reader: XdrReader): SETACL3resfail {
  try {
    const attr_ = decodepost_op_attr(reader)
    return { attr: attr_ }
  } catch (error) {
    throw XdrError.within(error, 'SETACL3resfail', 'attr', -1)
  }
}

export function encodeSETACL3resfail(writer: XdrWriter, value: SETACL3resfail): void {
  try {
    encodepost_op_attr(writer, value.attr)
  } catch (error) {
    throw XdrError.within(error, 'SETACL3resfail', 'attr', -1)
  }
}

export type SETACL3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: SETACL3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: SETACL3resfail }

export function decodeSETACL3res(reader: XdrReader): SETACL3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeSETACL3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeSETACL3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'SETACL3res', field, -1)
  }
}

export function encodeSETACL3res(writer: XdrWriter, value: SETACL3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeSETACL3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeSETACL3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'SETACL3res', field, -1)
  }
}

export const NFS_ACL_PROGRAM = 100227
export const NFS_ACL_V3 = 3
export const NFS_ACL_V3_PROCEDURES = {
  ACLPROC3_NULL: {
    number: 0,
    name: 'ACLPROC3_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  ACLPROC3_GETACL: {
    number: 1,
    name: 'ACLPROC3_GETACL',
    decodeArguments: decodeGETACL3args,
    encodeArguments: encodeGETACL3args,
    decodeResult: decodeGETACL3res,
    encodeResult: encodeGETACL3res,
  } satisfies Procedure<GETACL3args, GETACL3res>,
  ACLPROC3_SETACL: {
    number: 2,
    name: 'ACLPROC3_SETACL',
    decodeArguments: decodeSETACL3args,
    encodeArguments: encodeSETACL3args,
    decodeResult: decodeSETACL3res,
    encodeResult: encodeSETACL3res,
  } satisfies Procedure<SETACL3args, SETACL3res>,
} as const
