// Generated from nfs3.x by xdr-parser; do not edit.
import { decodeVoid, encodeVoid, type Procedure } from '../procedure.ts'
import { asInt32, asUint32, asUint64 } from '../range.ts'
import type { XdrReader } from '../reader.ts'
import type { XdrWriter } from '../writer.ts'
import { XdrError } from '../xdr-error.ts'

export const NFS3_FHSIZE = 64

export const NFS3_COOKIEVERFSIZE = 8

export const NFS3_CREATEVERFSIZE = 8

export const NFS3_WRITEVERFSIZE = 8

export type uint64 = bigint

export function decodeuint64(reader: XdrReader): uint64 {
  return reader.readUint64()
}

export function encodeuint64(writer: XdrWriter, value: uint64): void {
  try {
    writer.writeUint64(value)
  } catch (error) {
    throw XdrError.within(error, 'uint64', '', -1)
  }
}

export type int64 = bigint

export function decodeint64(reader: XdrReader): int64 {
  return reader.readInt64()
}

export function encodeint64(writer: XdrWriter, value: int64): void {
  try {
    writer.writeInt64(value)
  } catch (error) {
    throw XdrError.within(error, 'int64', '', -1)
  }
}

export type uint32 = number

export function decodeuint32(reader: XdrReader): uint32 {
  return reader.readUint32()
}

export function encodeuint32(writer: XdrWriter, value: uint32): void {
  try {
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'uint32', '', -1)
  }
}

export type int32 = number

export function decodeint32(reader: XdrReader): int32 {
  return reader.readInt32()
}

export function encodeint32(writer: XdrWriter, value: int32): void {
  try {
    writer.writeInt32(value)
  } catch (error) {
    throw XdrError.within(error, 'int32', '', -1)
  }
}

export type filename3 = Uint8Array

export function decodefilename3(reader: XdrReader): filename3 {
  return reader.readOpaque(4294967295)
}

export function encodefilename3(writer: XdrWriter, value: filename3): void {
  try {
    writer.writeOpaque(value, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'filename3', '', -1)
  }
}

export type nfspath3 = Uint8Array

export function decodenfspath3(reader: XdrReader): nfspath3 {
  return reader.readOpaque(4294967295)
}

export function encodenfspath3(writer: XdrWriter, value: nfspath3): void {
  try {
    writer.writeOpaque(value, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'nfspath3', '', -1)
  }
}

export type fileid3 = uint64

export function decodefileid3(reader: XdrReader): fileid3 {
  return reader.readUint64()
}

export function encodefileid3(writer: XdrWriter, value: fileid3): void {
  try {
    writer.writeUint64(value)
  } catch (error) {
    throw XdrError.within(error, 'fileid3', '', -1)
  }
}

export type cookie3 = uint64

export function decodecookie3(reader: XdrReader): cookie3 {
  return reader.readUint64()
}

export function encodecookie3(writer: XdrWriter, value: cookie3): void {
  try {
    writer.writeUint64(value)
  } catch (error) {
    throw XdrError.within(error, 'cookie3', '', -1)
  }
}

export type cookieverf3 = Uint8Array

export function decodecookieverf3(reader: XdrReader): cookieverf3 {
  return reader.readFixedOpaque(8)
}

export function encodecookieverf3(writer: XdrWriter, value: cookieverf3): void {
  try {
    writer.writeFixedOpaque(value, 8)
  } catch (error) {
    throw XdrError.within(error, 'cookieverf3', '', -1)
  }
}

export type createverf3 = Uint8Array

export function decodecreateverf3(reader: XdrReader): createverf3 {
  return reader.readFixedOpaque(8)
}

export function encodecreateverf3(writer: XdrWriter, value: createverf3): void {
  try {
    writer.writeFixedOpaque(value, 8)
  } catch (error) {
    throw XdrError.within(error, 'createverf3', '', -1)
  }
}

export type writeverf3 = Uint8Array

export function decodewriteverf3(reader: XdrReader): writeverf3 {
  return reader.readFixedOpaque(8)
}

export function encodewriteverf3(writer: XdrWriter, value: writeverf3): void {
  try {
    writer.writeFixedOpaque(value, 8)
  } catch (error) {
    throw XdrError.within(error, 'writeverf3', '', -1)
  }
}

export type uid3 = uint32

export function decodeuid3(reader: XdrReader): uid3 {
  return reader.readUint32()
}

export function encodeuid3(writer: XdrWriter, value: uid3): void {
  try {
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'uid3', '', -1)
  }
}

export type gid3 = uint32

export function decodegid3(reader: XdrReader): gid3 {
  return reader.readUint32()
}

export function encodegid3(writer: XdrWriter, value: gid3): void {
  try {
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'gid3', '', -1)
  }
}

export type size3 = uint64

export function decodesize3(reader: XdrReader): size3 {
  return reader.readUint64()
}

export function encodesize3(writer: XdrWriter, value: size3): void {
  try {
    writer.writeUint64(value)
  } catch (error) {
    throw XdrError.within(error, 'size3', '', -1)
  }
}

export type offset3 = uint64

export function decodeoffset3(reader: XdrReader): offset3 {
  return reader.readUint64()
}

export function encodeoffset3(writer: XdrWriter, value: offset3): void {
  try {
    writer.writeUint64(value)
  } catch (error) {
    throw XdrError.within(error, 'offset3', '', -1)
  }
}

export type mode3 = uint32

export function decodemode3(reader: XdrReader): mode3 {
  return reader.readUint32()
}

export function encodemode3(writer: XdrWriter, value: mode3): void {
  try {
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'mode3', '', -1)
  }
}

export type count3 = uint32

export function decodecount3(reader: XdrReader): count3 {
  return reader.readUint32()
}

export function encodecount3(writer: XdrWriter, value: count3): void {
  try {
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'count3', '', -1)
  }
}

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
  readonly specdata1: uint32
  readonly specdata2: uint32
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
  readonly seconds: uint32
  readonly nseconds: uint32
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
  readonly mode: mode3
  readonly nlink: uint32
  readonly uid: uid3
  readonly gid: gid3
  readonly size: size3
  readonly used: size3
  readonly rdev: specdata3
  readonly fsid: uint64
  readonly fileid: fileid3
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

export interface wcc_attr {
  readonly size: size3
  readonly mtime: nfstime3
  readonly ctime: nfstime3
}

export function decodewcc_attr(reader: XdrReader): wcc_attr {
  let field = 'size'
  try {
    const size_ = reader.readUint64()
    field = 'mtime'
    const mtime_ = decodenfstime3(reader)
    field = 'ctime'
    const ctime_ = decodenfstime3(reader)
    return { size: size_, mtime: mtime_, ctime: ctime_ }
  } catch (error) {
    throw XdrError.within(error, 'wcc_attr', field, -1)
  }
}

export function encodewcc_attr(writer: XdrWriter, value: wcc_attr): void {
  let field = 'size'
  try {
    const at0 = writer.take(24)
    const view0 = writer.view
    view0.setBigUint64(at0, asUint64(value.size))
    field = 'mtime.seconds'
    view0.setUint32(at0 + 8, asUint32(value.mtime.seconds))
    field = 'mtime.nseconds'
    view0.setUint32(at0 + 12, asUint32(value.mtime.nseconds))
    field = 'ctime.seconds'
    view0.setUint32(at0 + 16, asUint32(value.ctime.seconds))
    field = 'ctime.nseconds'
    view0.setUint32(at0 + 20, asUint32(value.ctime.nseconds))
  } catch (error) {
    throw XdrError.within(error, 'wcc_attr', field, -1)
  }
}

export type pre_op_attr = wcc_attr | undefined

export function decodepre_op_attr(reader: XdrReader): pre_op_attr {
  let field = 'attributes_follow'
  try {
    if (!reader.readBool()) return undefined
    field = 'attributes'
    return decodewcc_attr(reader)
  } catch (error) {
    throw XdrError.within(error, 'pre_op_attr', field, -1)
  }
}

export function encodepre_op_attr(writer: XdrWriter, value: pre_op_attr): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    encodewcc_attr(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'pre_op_attr', 'attributes', -1)
  }
}

export interface wcc_data {
  readonly before: pre_op_attr
  readonly after: post_op_attr
}

export function decodewcc_data(reader: XdrReader): wcc_data {
  let field = 'before'
  try {
    const before_ = decodepre_op_attr(reader)
    field = 'after'
    const after_ = decodepost_op_attr(reader)
    return { before: before_, after: after_ }
  } catch (error) {
    throw XdrError.within(error, 'wcc_data', field, -1)
  }
}

export function encodewcc_data(writer: XdrWriter, value: wcc_data): void {
  let field = 'before'
  try {
    encodepre_op_attr(writer, value.before)
    field = 'after'
    encodepost_op_attr(writer, value.after)
  } catch (error) {
    throw XdrError.within(error, 'wcc_data', field, -1)
  }
}

export type post_op_fh3 = nfs_fh3 | undefined

export function decodepost_op_fh3(reader: XdrReader): post_op_fh3 {
  let field = 'handle_follows'
  try {
    if (!reader.readBool()) return undefined
    field = 'handle'
    return decodenfs_fh3(reader)
  } catch (error) {
    throw XdrError.within(error, 'post_op_fh3', field, -1)
  }
}

export function encodepost_op_fh3(writer: XdrWriter, value: post_op_fh3): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    encodenfs_fh3(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'post_op_fh3', 'handle', -1)
  }
}

export const time_how = {
  DONT_CHANGE: 0,
  SET_TO_SERVER_TIME: 1,
  SET_TO_CLIENT_TIME: 2,
} as const
export type time_how = (typeof time_how)[keyof typeof time_how]

export function decodetime_how(reader: XdrReader): time_how {
  const value = reader.readInt32()
  if (value < 0 || value > 2) throw new XdrError(`${value} is not a value of time_how`)
  return value as time_how
}

export function encodetime_how(writer: XdrWriter, value: time_how): void {
  writer.writeInt32(value)
}

export type set_mode3 = mode3 | undefined

export function decodeset_mode3(reader: XdrReader): set_mode3 {
  let field = 'set_it'
  try {
    if (!reader.readBool()) return undefined
    field = 'mode'
    return reader.readUint32()
  } catch (error) {
    throw XdrError.within(error, 'set_mode3', field, -1)
  }
}

export function encodeset_mode3(writer: XdrWriter, value: set_mode3): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'set_mode3', 'mode', -1)
  }
}

export type set_uid3 = uid3 | undefined

export function decodeset_uid3(reader: XdrReader): set_uid3 {
  let field = 'set_it'
  try {
    if (!reader.readBool()) return undefined
    field = 'uid'
    return reader.readUint32()
  } catch (error) {
    throw XdrError.within(error, 'set_uid3', field, -1)
  }
}

export function encodeset_uid3(writer: XdrWriter, value: set_uid3): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'set_uid3', 'uid', -1)
  }
}

export type set_gid3 = gid3 | undefined

export function decodeset_gid3(reader: XdrReader): set_gid3 {
  let field = 'set_it'
  try {
    if (!reader.readBool()) return undefined
    field = 'gid'
    return reader.readUint32()
  } catch (error) {
    throw XdrError.within(error, 'set_gid3', field, -1)
  }
}

export function encodeset_gid3(writer: XdrWriter, value: set_gid3): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    writer.writeUint32(value)
  } catch (error) {
    throw XdrError.within(error, 'set_gid3', 'gid', -1)
  }
}

export type set_size3 = size3 | undefined

export function decodeset_size3(reader: XdrReader): set_size3 {
  let field = 'set_it'
  try {
    if (!reader.readBool()) return undefined
    field = 'size'
    return reader.readUint64()
  } catch (error) {
    throw XdrError.within(error, 'set_size3', field, -1)
  }
}

export function encodeset_size3(writer: XdrWriter, value: set_size3): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    writer.writeUint64(value)
  } catch (error) {
    throw XdrError.within(error, 'set_size3', 'size', -1)
  }
}

export type set_atime =
  | { readonly set_it: typeof time_how.SET_TO_CLIENT_TIME; readonly atime: nfstime3 }
  | { readonly set_it: Exclude<time_how, typeof time_how.SET_TO_CLIENT_TIME> }

export function decodeset_atime(reader: XdrReader): set_atime {
  let field = 'set_it'
  try {
    const set_it_ = decodetime_how(reader)
    switch (set_it_) {
      case time_how.SET_TO_CLIENT_TIME: {
        field = 'atime'
        const atime_ = decodenfstime3(reader)
        return { set_it: set_it_, atime: atime_ }
      }
      default: {
        return { set_it: set_it_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'set_atime', field, -1)
  }
}

export function encodeset_atime(writer: XdrWriter, value: set_atime): void {
  let field = 'set_it'
  try {
    writer.writeInt32(value.set_it)
    switch (value.set_it) {
      case time_how.SET_TO_CLIENT_TIME:
        field = 'atime'
        encodenfstime3(writer, value.atime)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'set_atime', field, -1)
  }
}

export type set_mtime =
  | { readonly set_it: typeof time_how.SET_TO_CLIENT_TIME; readonly mtime: nfstime3 }
  | { readonly set_it: Exclude<time_how, typeof time_how.SET_TO_CLIENT_TIME> }

export function decodeset_mtime(reader: XdrReader): set_mtime {
  let field = 'set_it'
  try {
    const set_it_ = decodetime_how(reader)
    switch (set_it_) {
      case time_how.SET_TO_CLIENT_TIME: {
        field = 'mtime'
        const mtime_ = decodenfstime3(reader)
        return { set_it: set_it_, mtime: mtime_ }
      }
      default: {
        return { set_it: set_it_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'set_mtime', field, -1)
  }
}

export function encodeset_mtime(writer: XdrWriter, value: set_mtime): void {
  let field = 'set_it'
  try {
    writer.writeInt32(value.set_it)
    switch (value.set_it) {
      case time_how.SET_TO_CLIENT_TIME:
        field = 'mtime'
        encodenfstime3(writer, value.mtime)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'set_mtime', field, -1)
  }
}

export interface sattr3 {
  readonly mode: set_mode3
  readonly uid: set_uid3
  readonly gid: set_gid3
  readonly size: set_size3
  readonly atime: set_atime
  readonly mtime: set_mtime
}

export function decodesattr3(reader: XdrReader): sattr3 {
  let field = 'mode'
  try {
    const mode_ = decodeset_mode3(reader)
    field = 'uid'
    const uid_ = decodeset_uid3(reader)
    field = 'gid'
    const gid_ = decodeset_gid3(reader)
    field = 'size'
    const size_ = decodeset_size3(reader)
    field = 'atime'
    const atime_ = decodeset_atime(reader)
    field = 'mtime'
    const mtime_ = decodeset_mtime(reader)
    return { mode: mode_, uid: uid_, gid: gid_, size: size_, atime: atime_, mtime: mtime_ }
  } catch (error) {
    throw XdrError.within(error, 'sattr3', field, -1)
  }
}

export function encodesattr3(writer: XdrWriter, value: sattr3): void {
  let field = 'mode'
  try {
    encodeset_mode3(writer, value.mode)
    field = 'uid'
    encodeset_uid3(writer, value.uid)
    field = 'gid'
    encodeset_gid3(writer, value.gid)
    field = 'size'
    encodeset_size3(writer, value.size)
    field = 'atime'
    encodeset_atime(writer, value.atime)
    field = 'mtime'
    encodeset_mtime(writer, value.mtime)
  } catch (error) {
    throw XdrError.within(error, 'sattr3', field, -1)
  }
}

export interface diropargs3 {
  readonly dir: nfs_fh3
  readonly name: filename3
}

export function decodediropargs3(reader: XdrReader): diropargs3 {
  let field = 'dir'
  try {
    const dir_ = decodenfs_fh3(reader)
    field = 'name'
    const name_ = reader.readOpaque(4294967295)
    return { dir: dir_, name: name_ }
  } catch (error) {
    throw XdrError.within(error, 'diropargs3', field, -1)
  }
}

export function encodediropargs3(writer: XdrWriter, value: diropargs3): void {
  let field = 'dir'
  try {
    encodenfs_fh3(writer, value.dir)
    field = 'name'
    writer.writeOpaque(value.name, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'diropargs3', field, -1)
  }
}

export interface GETATTR3args {
  readonly object: nfs_fh3
}

export function decodeGETATTR3args(reader: XdrReader): GETATTR3args {
  try {
    const object_ = decodenfs_fh3(reader)
    return { object: object_ }
  } catch (error) {
    throw XdrError.within(error, 'GETATTR3args', 'object', -1)
  }
}

export function encodeGETATTR3args(writer: XdrWriter, value: GETATTR3args): void {
  try {
    encodenfs_fh3(writer, value.object)
  } catch (error) {
    throw XdrError.within(error, 'GETATTR3args', 'object', -1)
  }
}

export interface GETATTR3resok {
  readonly obj_attributes: fattr3
}

export function decodeGETATTR3resok(reader: XdrReader): GETATTR3resok {
  try {
    const obj_attributes_ = decodefattr3(reader)
    return { obj_attributes: obj_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'GETATTR3resok', 'obj_attributes', -1)
  }
}

export function encodeGETATTR3resok(writer: XdrWriter, value: GETATTR3resok): void {
  let field = 'obj_attributes.type'
  try {
    const at0 = writer.take(84)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.obj_attributes.type))
    field = 'obj_attributes.mode'
    view0.setUint32(at0 + 4, asUint32(value.obj_attributes.mode))
    field = 'obj_attributes.nlink'
    view0.setUint32(at0 + 8, asUint32(value.obj_attributes.nlink))
    field = 'obj_attributes.uid'
    view0.setUint32(at0 + 12, asUint32(value.obj_attributes.uid))
    field = 'obj_attributes.gid'
    view0.setUint32(at0 + 16, asUint32(value.obj_attributes.gid))
    field = 'obj_attributes.size'
    view0.setBigUint64(at0 + 20, asUint64(value.obj_attributes.size))
    field = 'obj_attributes.used'
    view0.setBigUint64(at0 + 28, asUint64(value.obj_attributes.used))
    field = 'obj_attributes.rdev.specdata1'
    view0.setUint32(at0 + 36, asUint32(value.obj_attributes.rdev.specdata1))
    field = 'obj_attributes.rdev.specdata2'
    view0.setUint32(at0 + 40, asUint32(value.obj_attributes.rdev.specdata2))
    field = 'obj_attributes.fsid'
    view0.setBigUint64(at0 + 44, asUint64(value.obj_attributes.fsid))
    field = 'obj_attributes.fileid'
    view0.setBigUint64(at0 + 52, asUint64(value.obj_attributes.fileid))
    field = 'obj_attributes.atime.seconds'
    view0.setUint32(at0 + 60, asUint32(value.obj_attributes.atime.seconds))
    field = 'obj_attributes.atime.nseconds'
    view0.setUint32(at0 + 64, asUint32(value.obj_attributes.atime.nseconds))
    field = 'obj_attributes.mtime.seconds'
    view0.setUint32(at0 + 68, asUint32(value.obj_attributes.mtime.seconds))
    field = 'obj_attributes.mtime.nseconds'
    view0.setUint32(at0 + 72, asUint32(value.obj_attributes.mtime.nseconds))
    field = 'obj_attributes.ctime.seconds'
    view0.setUint32(at0 + 76, asUint32(value.obj_attributes.ctime.seconds))
    field = 'obj_attributes.ctime.nseconds'
    view0.setUint32(at0 + 80, asUint32(value.obj_attributes.ctime.nseconds))
  } catch (error) {
    throw XdrError.within(error, 'GETATTR3resok', field, -1)
  }
}

export type GETATTR3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: GETATTR3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK> }

export function decodeGETATTR3res(reader: XdrReader): GETATTR3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeGETATTR3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        return { status: status_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'GETATTR3res', field, -1)
  }
}

export function encodeGETATTR3res(writer: XdrWriter, value: GETATTR3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeGETATTR3resok(writer, value.resok)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'GETATTR3res', field, -1)
  }
}

export type sattrguard3 = nfstime3 | undefined

export function decodesattrguard3(reader: XdrReader): sattrguard3 {
  let field = 'check'
  try {
    if (!reader.readBool()) return undefined
    field = 'obj_ctime'
    return decodenfstime3(reader)
  } catch (error) {
    throw XdrError.within(error, 'sattrguard3', field, -1)
  }
}

export function encodesattrguard3(writer: XdrWriter, value: sattrguard3): void {
  try {
    if (value === undefined) {
      writer.writeUint32(0)
      return
    }
    writer.writeUint32(1)
    encodenfstime3(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'sattrguard3', 'obj_ctime', -1)
  }
}

export interface SETATTR3args {
  readonly object: nfs_fh3
  readonly new_attributes: sattr3
  readonly guard: sattrguard3
}

export function decodeSETATTR3args(reader: XdrReader): SETATTR3args {
  let field = 'object'
  try {
    const object_ = decodenfs_fh3(reader)
    field = 'new_attributes'
    const new_attributes_ = decodesattr3(reader)
    field = 'guard'
    const guard_ = decodesattrguard3(reader)
    return { object: object_, new_attributes: new_attributes_, guard: guard_ }
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3args', field, -1)
  }
}

export function encodeSETATTR3args(writer: XdrWriter, value: SETATTR3args): void {
  let field = 'object'
  try {
    encodenfs_fh3(writer, value.object)
    field = 'new_attributes'
    encodesattr3(writer, value.new_attributes)
    field = 'guard'
    encodesattrguard3(writer, value.guard)
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3args', field, -1)
  }
}

export interface SETATTR3resok {
  readonly obj_wcc: wcc_data
}

export function decodeSETATTR3resok(reader: XdrReader): SETATTR3resok {
  try {
    const obj_wcc_ = decodewcc_data(reader)
    return { obj_wcc: obj_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3resok', 'obj_wcc', -1)
  }
}

export function encodeSETATTR3resok(writer: XdrWriter, value: SETATTR3resok): void {
  try {
    encodewcc_data(writer, value.obj_wcc)
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3resok', 'obj_wcc', -1)
  }
}

export interface SETATTR3resfail {
  readonly obj_wcc: wcc_data
}

export function decodeSETATTR3resfail(reader: XdrReader): SETATTR3resfail {
  try {
    const obj_wcc_ = decodewcc_data(reader)
    return { obj_wcc: obj_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3resfail', 'obj_wcc', -1)
  }
}

export function encodeSETATTR3resfail(writer: XdrWriter, value: SETATTR3resfail): void {
  try {
    encodewcc_data(writer, value.obj_wcc)
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3resfail', 'obj_wcc', -1)
  }
}

export type SETATTR3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: SETATTR3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: SETATTR3resfail }

export function decodeSETATTR3res(reader: XdrReader): SETATTR3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeSETATTR3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeSETATTR3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3res', field, -1)
  }
}

export function encodeSETATTR3res(writer: XdrWriter, value: SETATTR3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeSETATTR3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeSETATTR3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'SETATTR3res', field, -1)
  }
}

export interface LOOKUP3args {
  readonly what: diropargs3
}

export function decodeLOOKUP3args(reader: XdrReader): LOOKUP3args {
  try {
    const what_ = decodediropargs3(reader)
    return { what: what_ }
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3args', 'what', -1)
  }
}

export function encodeLOOKUP3args(writer: XdrWriter, value: LOOKUP3args): void {
  try {
    encodediropargs3(writer, value.what)
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3args', 'what', -1)
  }
}

export interface LOOKUP3resok {
  readonly object: nfs_fh3
  readonly obj_attributes: post_op_attr
  readonly dir_attributes: post_op_attr
}

export function decodeLOOKUP3resok(reader: XdrReader): LOOKUP3resok {
  let field = 'object'
  try {
    const object_ = decodenfs_fh3(reader)
    field = 'obj_attributes'
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'dir_attributes'
    const dir_attributes_ = decodepost_op_attr(reader)
    return { object: object_, obj_attributes: obj_attributes_, dir_attributes: dir_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3resok', field, -1)
  }
}

export function encodeLOOKUP3resok(writer: XdrWriter, value: LOOKUP3resok): void {
  let field = 'object'
  try {
    encodenfs_fh3(writer, value.object)
    field = 'obj_attributes'
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'dir_attributes'
    encodepost_op_attr(writer, value.dir_attributes)
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3resok', field, -1)
  }
}

export interface LOOKUP3resfail {
  readonly dir_attributes: post_op_attr
}

export function decodeLOOKUP3resfail(reader: XdrReader): LOOKUP3resfail {
  try {
    const dir_attributes_ = decodepost_op_attr(reader)
    return { dir_attributes: dir_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3resfail', 'dir_attributes', -1)
  }
}

export function encodeLOOKUP3resfail(writer: XdrWriter, value: LOOKUP3resfail): void {
  try {
    encodepost_op_attr(writer, value.dir_attributes)
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3resfail', 'dir_attributes', -1)
  }
}

export type LOOKUP3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: LOOKUP3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: LOOKUP3resfail }

export function decodeLOOKUP3res(reader: XdrReader): LOOKUP3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeLOOKUP3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeLOOKUP3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3res', field, -1)
  }
}

export function encodeLOOKUP3res(writer: XdrWriter, value: LOOKUP3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeLOOKUP3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeLOOKUP3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'LOOKUP3res', field, -1)
  }
}

export const ACCESS3_READ = 1

export const ACCESS3_LOOKUP = 2

export const ACCESS3_MODIFY = 4

export const ACCESS3_EXTEND = 8

export const ACCESS3_DELETE = 16

export const ACCESS3_EXECUTE = 32

export interface ACCESS3args {
  readonly object: nfs_fh3
  readonly access: uint32
}

export function decodeACCESS3args(reader: XdrReader): ACCESS3args {
  let field = 'object'
  try {
    const object_ = decodenfs_fh3(reader)
    field = 'access'
    const access_ = reader.readUint32()
    return { object: object_, access: access_ }
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3args', field, -1)
  }
}

export function encodeACCESS3args(writer: XdrWriter, value: ACCESS3args): void {
  let field = 'object'
  try {
    encodenfs_fh3(writer, value.object)
    field = 'access'
    writer.writeUint32(value.access)
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3args', field, -1)
  }
}

export interface ACCESS3resok {
  readonly obj_attributes: post_op_attr
  readonly access: uint32
}

export function decodeACCESS3resok(reader: XdrReader): ACCESS3resok {
  let field = 'obj_attributes'
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'access'
    const access_ = reader.readUint32()
    return { obj_attributes: obj_attributes_, access: access_ }
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3resok', field, -1)
  }
}

export function encodeACCESS3resok(writer: XdrWriter, value: ACCESS3resok): void {
  let field = 'obj_attributes'
  try {
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'access'
    writer.writeUint32(value.access)
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3resok', field, -1)
  }
}

export interface ACCESS3resfail {
  readonly obj_attributes: post_op_attr
}

export function decodeACCESS3resfail(reader: XdrReader): ACCESS3resfail {
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    return { obj_attributes: obj_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3resfail', 'obj_attributes', -1)
  }
}

export function encodeACCESS3resfail(writer: XdrWriter, value: ACCESS3resfail): void {
  try {
    encodepost_op_attr(writer, value.obj_attributes)
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3resfail', 'obj_attributes', -1)
  }
}

export type ACCESS3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: ACCESS3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: ACCESS3resfail }

export function decodeACCESS3res(reader: XdrReader): ACCESS3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeACCESS3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeACCESS3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3res', field, -1)
  }
}

export function encodeACCESS3res(writer: XdrWriter, value: ACCESS3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeACCESS3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeACCESS3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'ACCESS3res', field, -1)
  }
}

export interface READLINK3args {
  readonly symlink: nfs_fh3
}

export function decodeREADLINK3args(reader: XdrReader): READLINK3args {
  try {
    const symlink_ = decodenfs_fh3(reader)
    return { symlink: symlink_ }
  } catch (error) {
    throw XdrError.within(error, 'READLINK3args', 'symlink', -1)
  }
}

export function encodeREADLINK3args(writer: XdrWriter, value: READLINK3args): void {
  try {
    encodenfs_fh3(writer, value.symlink)
  } catch (error) {
    throw XdrError.within(error, 'READLINK3args', 'symlink', -1)
  }
}

export interface READLINK3resok {
  readonly symlink_attributes: post_op_attr
  readonly data: nfspath3
}

export function decodeREADLINK3resok(reader: XdrReader): READLINK3resok {
  let field = 'symlink_attributes'
  try {
    const symlink_attributes_ = decodepost_op_attr(reader)
    field = 'data'
    const data_ = reader.readOpaque(4294967295)
    return { symlink_attributes: symlink_attributes_, data: data_ }
  } catch (error) {
    throw XdrError.within(error, 'READLINK3resok', field, -1)
  }
}

export function encodeREADLINK3resok(writer: XdrWriter, value: READLINK3resok): void {
  let field = 'symlink_attributes'
  try {
    encodepost_op_attr(writer, value.symlink_attributes)
    field = 'data'
    writer.writeOpaque(value.data, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'READLINK3resok', field, -1)
  }
}

export interface READLINK3resfail {
  readonly symlink_attributes: post_op_attr
}

export function decodeREADLINK3resfail(reader: XdrReader): READLINK3resfail {
  try {
    const symlink_attributes_ = decodepost_op_attr(reader)
    return { symlink_attributes: symlink_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'READLINK3resfail', 'symlink_attributes', -1)
  }
}

export function encodeREADLINK3resfail(writer: XdrWriter, value: READLINK3resfail): void {
  try {
    encodepost_op_attr(writer, value.symlink_attributes)
  } catch (error) {
    throw XdrError.within(error, 'READLINK3resfail', 'symlink_attributes', -1)
  }
}

export type READLINK3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: READLINK3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: READLINK3resfail }

export function decodeREADLINK3res(reader: XdrReader): READLINK3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeREADLINK3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeREADLINK3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'READLINK3res', field, -1)
  }
}

export function encodeREADLINK3res(writer: XdrWriter, value: READLINK3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeREADLINK3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeREADLINK3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'READLINK3res', field, -1)
  }
}

export interface READ3args {
  readonly file: nfs_fh3
  readonly offset: offset3
  readonly count: count3
}

export function decodeREAD3args(reader: XdrReader): READ3args {
  let field = 'file'
  try {
    const file_ = decodenfs_fh3(reader)
    field = 'offset'
    const offset_ = reader.readUint64()
    field = 'count'
    const count_ = reader.readUint32()
    return { file: file_, offset: offset_, count: count_ }
  } catch (error) {
    throw XdrError.within(error, 'READ3args', field, -1)
  }
}

export function encodeREAD3args(writer: XdrWriter, value: READ3args): void {
  let field = 'file'
  try {
    encodenfs_fh3(writer, value.file)
    field = 'offset'
    const at0 = writer.take(12)
    const view0 = writer.view
    view0.setBigUint64(at0, asUint64(value.offset))
    field = 'count'
    view0.setUint32(at0 + 8, asUint32(value.count))
  } catch (error) {
    throw XdrError.within(error, 'READ3args', field, -1)
  }
}

export interface READ3resok {
  readonly file_attributes: post_op_attr
  readonly count: count3
  readonly eof: boolean
  readonly data: Uint8Array
}

export function decodeREAD3resok(reader: XdrReader): READ3resok {
  let field = 'file_attributes'
  try {
    const file_attributes_ = decodepost_op_attr(reader)
    field = 'count'
    const count_ = reader.readUint32()
    field = 'eof'
    const eof_ = reader.readBool()
    field = 'data'
    const data_ = reader.readOpaque(4294967295)
    return { file_attributes: file_attributes_, count: count_, eof: eof_, data: data_ }
  } catch (error) {
    throw XdrError.within(error, 'READ3resok', field, -1)
  }
}

export function encodeREAD3resok(writer: XdrWriter, value: READ3resok): void {
  let field = 'file_attributes'
  try {
    encodepost_op_attr(writer, value.file_attributes)
    field = 'count'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.count))
    field = 'eof'
    view0.setUint32(at0 + 4, Number(value.eof))
    field = 'data'
    writer.writeOpaque(value.data, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'READ3resok', field, -1)
  }
}

export interface READ3resfail {
  readonly file_attributes: post_op_attr
}

export function decodeREAD3resfail(reader: XdrReader): READ3resfail {
  try {
    const file_attributes_ = decodepost_op_attr(reader)
    return { file_attributes: file_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'READ3resfail', 'file_attributes', -1)
  }
}

export function encodeREAD3resfail(writer: XdrWriter, value: READ3resfail): void {
  try {
    encodepost_op_attr(writer, value.file_attributes)
  } catch (error) {
    throw XdrError.within(error, 'READ3resfail', 'file_attributes', -1)
  }
}

export type READ3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: READ3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: READ3resfail }

export function decodeREAD3res(reader: XdrReader): READ3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeREAD3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeREAD3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'READ3res', field, -1)
  }
}

export function encodeREAD3res(writer: XdrWriter, value: READ3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeREAD3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeREAD3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'READ3res', field, -1)
  }
}

export const stable_how = {
  UNSTABLE: 0,
  DATA_SYNC: 1,
  FILE_SYNC: 2,
} as const
export type stable_how = (typeof stable_how)[keyof typeof stable_how]

export function decodestable_how(reader: XdrReader): stable_how {
  const value = reader.readInt32()
  if (value < 0 || value > 2) throw new XdrError(`${value} is not a value of stable_how`)
  return value as stable_how
}

export function encodestable_how(writer: XdrWriter, value: stable_how): void {
  writer.writeInt32(value)
}

export interface WRITE3args {
  readonly file: nfs_fh3
  readonly offset: offset3
  readonly count: count3
  readonly stable: stable_how
  readonly data: Uint8Array
}

export function decodeWRITE3args(reader: XdrReader): WRITE3args {
  let field = 'file'
  try {
    const file_ = decodenfs_fh3(reader)
    field = 'offset'
    const offset_ = reader.readUint64()
    field = 'count'
    const count_ = reader.readUint32()
    field = 'stable'
    const stable_ = decodestable_how(reader)
    field = 'data'
    const data_ = reader.readOpaque(4294967295)
    return { file: file_, offset: offset_, count: count_, stable: stable_, data: data_ }
  } catch (error) {
    throw XdrError.within(error, 'WRITE3args', field, -1)
  }
}

export function encodeWRITE3args(writer: XdrWriter, value: WRITE3args): void {
  let field = 'file'
  try {
    encodenfs_fh3(writer, value.file)
    field = 'offset'
    const at0 = writer.take(16)
    const view0 = writer.view
    view0.setBigUint64(at0, asUint64(value.offset))
    field = 'count'
    view0.setUint32(at0 + 8, asUint32(value.count))
    field = 'stable'
    view0.setInt32(at0 + 12, asInt32(value.stable))
    field = 'data'
    writer.writeOpaque(value.data, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'WRITE3args', field, -1)
  }
}

export interface WRITE3resok {
  readonly file_wcc: wcc_data
  readonly count: count3
  readonly committed: stable_how
  readonly verf: writeverf3
}

export function decodeWRITE3resok(reader: XdrReader): WRITE3resok {
  let field = 'file_wcc'
  try {
    const file_wcc_ = decodewcc_data(reader)
    field = 'count'
    const count_ = reader.readUint32()
    field = 'committed'
    const committed_ = decodestable_how(reader)
    field = 'verf'
    const verf_ = reader.readFixedOpaque(8)
    return { file_wcc: file_wcc_, count: count_, committed: committed_, verf: verf_ }
  } catch (error) {
    throw XdrError.within(error, 'WRITE3resok', field, -1)
  }
}

export function encodeWRITE3resok(writer: XdrWriter, value: WRITE3resok): void {
  let field = 'file_wcc'
  try {
    encodewcc_data(writer, value.file_wcc)
    field = 'count'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.count))
    field = 'committed'
    view0.setInt32(at0 + 4, asInt32(value.committed))
    field = 'verf'
    writer.writeFixedOpaque(value.verf, 8)
  } catch (error) {
    throw XdrError.within(error, 'WRITE3resok', field, -1)
  }
}

export interface WRITE3resfail {
  readonly file_wcc: wcc_data
}

export function decodeWRITE3resfail(reader: XdrReader): WRITE3resfail {
  try {
    const file_wcc_ = decodewcc_data(reader)
    return { file_wcc: file_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'WRITE3resfail', 'file_wcc', -1)
  }
}

export function encodeWRITE3resfail(writer: XdrWriter, value: WRITE3resfail): void {
  try {
    encodewcc_data(writer, value.file_wcc)
  } catch (error) {
    throw XdrError.within(error, 'WRITE3resfail', 'file_wcc', -1)
  }
}

export type WRITE3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: WRITE3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: WRITE3resfail }

export function decodeWRITE3res(reader: XdrReader): WRITE3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeWRITE3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeWRITE3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'WRITE3res', field, -1)
  }
}

export function encodeWRITE3res(writer: XdrWriter, value: WRITE3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeWRITE3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeWRITE3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'WRITE3res', field, -1)
  }
}

export const createmode3 = {
  UNCHECKED: 0,
  GUARDED: 1,
  EXCLUSIVE: 2,
} as const
export type createmode3 = (typeof createmode3)[keyof typeof createmode3]

export function decodecreatemode3(reader: XdrReader): createmode3 {
  const value = reader.readInt32()
  if (value < 0 || value > 2) throw new XdrError(`${value} is not a value of createmode3`)
  return value as createmode3
}

export function encodecreatemode3(writer: XdrWriter, value: createmode3): void {
  writer.writeInt32(value)
}

export type createhow3 =
  | { readonly mode: typeof createmode3.UNCHECKED | typeof createmode3.GUARDED; readonly obj_attributes: sattr3 }
  | { readonly mode: typeof createmode3.EXCLUSIVE; readonly verf: createverf3 }

export function decodecreatehow3(reader: XdrReader): createhow3 {
  let field = 'mode'
  try {
    const mode_ = decodecreatemode3(reader)
    switch (mode_) {
      case createmode3.UNCHECKED:
      case createmode3.GUARDED: {
        field = 'obj_attributes'
        const obj_attributes_ = decodesattr3(reader)
        return { mode: mode_, obj_attributes: obj_attributes_ }
      }
      case createmode3.EXCLUSIVE: {
        field = 'verf'
        const verf_ = reader.readFixedOpaque(8)
        return { mode: mode_, verf: verf_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'createhow3', field, -1)
  }
}

export function encodecreatehow3(writer: XdrWriter, value: createhow3): void {
  let field = 'mode'
  try {
    writer.writeInt32(value.mode)
    switch (value.mode) {
      case createmode3.UNCHECKED:
      case createmode3.GUARDED:
        field = 'obj_attributes'
        encodesattr3(writer, value.obj_attributes)
        return
      case createmode3.EXCLUSIVE:
        field = 'verf'
        writer.writeFixedOpaque(value.verf, 8)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'createhow3', field, -1)
  }
}

export interface CREATE3args {
  readonly where: diropargs3
  readonly how: createhow3
}

export function decodeCREATE3args(reader: XdrReader): CREATE3args {
  let field = 'where'
  try {
    const where_ = decodediropargs3(reader)
    field = 'how'
    const how_ = decodecreatehow3(reader)
    return { where: where_, how: how_ }
  } catch (error) {
    throw XdrError.within(error, 'CREATE3args', field, -1)
  }
}

export function encodeCREATE3args(writer: XdrWriter, value: CREATE3args): void {
  let field = 'where'
  try {
    encodediropargs3(writer, value.where)
    field = 'how'
    encodecreatehow3(writer, value.how)
  } catch (error) {
    throw XdrError.within(error, 'CREATE3args', field, -1)
  }
}

export interface CREATE3resok {
  readonly obj: post_op_fh3
  readonly obj_attributes: post_op_attr
  readonly dir_wcc: wcc_data
}

export function decodeCREATE3resok(reader: XdrReader): CREATE3resok {
  let field = 'obj'
  try {
    const obj_ = decodepost_op_fh3(reader)
    field = 'obj_attributes'
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'dir_wcc'
    const dir_wcc_ = decodewcc_data(reader)
    return { obj: obj_, obj_attributes: obj_attributes_, dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'CREATE3resok', field, -1)
  }
}

export function encodeCREATE3resok(writer: XdrWriter, value: CREATE3resok): void {
  let field = 'obj'
  try {
    encodepost_op_fh3(writer, value.obj)
    field = 'obj_attributes'
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'dir_wcc'
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'CREATE3resok', field, -1)
  }
}

export interface CREATE3resfail {
  readonly dir_wcc: wcc_data
}

export function decodeCREATE3resfail(reader: XdrReader): CREATE3resfail {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'CREATE3resfail', 'dir_wcc', -1)
  }
}

export function encodeCREATE3resfail(writer: XdrWriter, value: CREATE3resfail): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'CREATE3resfail', 'dir_wcc', -1)
  }
}

export type CREATE3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: CREATE3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: CREATE3resfail }

export function decodeCREATE3res(reader: XdrReader): CREATE3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeCREATE3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeCREATE3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'CREATE3res', field, -1)
  }
}

export function encodeCREATE3res(writer: XdrWriter, value: CREATE3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeCREATE3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeCREATE3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'CREATE3res', field, -1)
  }
}

export interface MKDIR3args {
  readonly where: diropargs3
  readonly attributes: sattr3
}

export function decodeMKDIR3args(reader: XdrReader): MKDIR3args {
  let field = 'where'
  try {
    const where_ = decodediropargs3(reader)
    field = 'attributes'
    const attributes_ = decodesattr3(reader)
    return { where: where_, attributes: attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3args', field, -1)
  }
}

export function encodeMKDIR3args(writer: XdrWriter, value: MKDIR3args): void {
  let field = 'where'
  try {
    encodediropargs3(writer, value.where)
    field = 'attributes'
    encodesattr3(writer, value.attributes)
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3args', field, -1)
  }
}

export interface MKDIR3resok {
  readonly obj: post_op_fh3
  readonly obj_attributes: post_op_attr
  readonly dir_wcc: wcc_data
}

export function decodeMKDIR3resok(reader: XdrReader): MKDIR3resok {
  let field = 'obj'
  try {
    const obj_ = decodepost_op_fh3(reader)
    field = 'obj_attributes'
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'dir_wcc'
    const dir_wcc_ = decodewcc_data(reader)
    return { obj: obj_, obj_attributes: obj_attributes_, dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3resok', field, -1)
  }
}

export function encodeMKDIR3resok(writer: XdrWriter, value: MKDIR3resok): void {
  let field = 'obj'
  try {
    encodepost_op_fh3(writer, value.obj)
    field = 'obj_attributes'
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'dir_wcc'
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3resok', field, -1)
  }
}

export interface MKDIR3resfail {
  readonly dir_wcc: wcc_data
}

export function decodeMKDIR3resfail(reader: XdrReader): MKDIR3resfail {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3resfail', 'dir_wcc', -1)
  }
}

export function encodeMKDIR3resfail(writer: XdrWriter, value: MKDIR3resfail): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3resfail', 'dir_wcc', -1)
  }
}

export type MKDIR3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: MKDIR3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: MKDIR3resfail }

export function decodeMKDIR3res(reader: XdrReader): MKDIR3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeMKDIR3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeMKDIR3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3res', field, -1)
  }
}

export function encodeMKDIR3res(writer: XdrWriter, value: MKDIR3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeMKDIR3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeMKDIR3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'MKDIR3res', field, -1)
  }
}

export interface symlinkdata3 {
  readonly symlink_attributes: sattr3
  readonly symlink_data: nfspath3
}

export function decodesymlinkdata3(reader: XdrReader): symlinkdata3 {
  let field = 'symlink_attributes'
  try {
    const symlink_attributes_ = decodesattr3(reader)
    field = 'symlink_data'
    const symlink_data_ = reader.readOpaque(4294967295)
    return { symlink_attributes: symlink_attributes_, symlink_data: symlink_data_ }
  } catch (error) {
    throw XdrError.within(error, 'symlinkdata3', field, -1)
  }
}

export function encodesymlinkdata3(writer: XdrWriter, value: symlinkdata3): void {
  let field = 'symlink_attributes'
  try {
    encodesattr3(writer, value.symlink_attributes)
    field = 'symlink_data'
    writer.writeOpaque(value.symlink_data, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'symlinkdata3', field, -1)
  }
}

export interface SYMLINK3args {
  readonly where: diropargs3
  readonly symlink: symlinkdata3
}

export function decodeSYMLINK3args(reader: XdrReader): SYMLINK3args {
  let field = 'where'
  try {
    const where_ = decodediropargs3(reader)
    field = 'symlink'
    const symlink_ = decodesymlinkdata3(reader)
    return { where: where_, symlink: symlink_ }
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3args', field, -1)
  }
}

export function encodeSYMLINK3args(writer: XdrWriter, value: SYMLINK3args): void {
  let field = 'where'
  try {
    encodediropargs3(writer, value.where)
    field = 'symlink'
    encodesymlinkdata3(writer, value.symlink)
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3args', field, -1)
  }
}

export interface SYMLINK3resok {
  readonly obj: post_op_fh3
  readonly obj_attributes: post_op_attr
  readonly dir_wcc: wcc_data
}

export function decodeSYMLINK3resok(reader: XdrReader): SYMLINK3resok {
  let field = 'obj'
  try {
    const obj_ = decodepost_op_fh3(reader)
    field = 'obj_attributes'
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'dir_wcc'
    const dir_wcc_ = decodewcc_data(reader)
    return { obj: obj_, obj_attributes: obj_attributes_, dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3resok', field, -1)
  }
}

export function encodeSYMLINK3resok(writer: XdrWriter, value: SYMLINK3resok): void {
  let field = 'obj'
  try {
    encodepost_op_fh3(writer, value.obj)
    field = 'obj_attributes'
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'dir_wcc'
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3resok', field, -1)
  }
}

export interface SYMLINK3resfail {
  readonly dir_wcc: wcc_data
}

export function decodeSYMLINK3resfail(reader: XdrReader): SYMLINK3resfail {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3resfail', 'dir_wcc', -1)
  }
}

export function encodeSYMLINK3resfail(writer: XdrWriter, value: SYMLINK3resfail): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3resfail', 'dir_wcc', -1)
  }
}

export type SYMLINK3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: SYMLINK3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: SYMLINK3resfail }

export function decodeSYMLINK3res(reader: XdrReader): SYMLINK3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeSYMLINK3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeSYMLINK3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3res', field, -1)
  }
}

export function encodeSYMLINK3res(writer: XdrWriter, value: SYMLINK3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeSYMLINK3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeSYMLINK3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'SYMLINK3res', field, -1)
  }
}

export interface devicedata3 {
  readonly dev_attributes: sattr3
  readonly spec: specdata3
}

export function decodedevicedata3(reader: XdrReader): devicedata3 {
  let field = 'dev_attributes'
  try {
    const dev_attributes_ = decodesattr3(reader)
    field = 'spec'
    const spec_ = decodespecdata3(reader)
    return { dev_attributes: dev_attributes_, spec: spec_ }
  } catch (error) {
    throw XdrError.within(error, 'devicedata3', field, -1)
  }
}

export function encodedevicedata3(writer: XdrWriter, value: devicedata3): void {
  let field = 'dev_attributes'
  try {
    encodesattr3(writer, value.dev_attributes)
    field = 'spec.specdata1'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.spec.specdata1))
    field = 'spec.specdata2'
    view0.setUint32(at0 + 4, asUint32(value.spec.specdata2))
  } catch (error) {
    throw XdrError.within(error, 'devicedata3', field, -1)
  }
}

export type mknoddata3 =
  | { readonly type: typeof ftype3.NF3CHR | typeof ftype3.NF3BLK; readonly device: devicedata3 }
  | { readonly type: typeof ftype3.NF3SOCK | typeof ftype3.NF3FIFO; readonly pipe_attributes: sattr3 }
  | { readonly type: Exclude<ftype3, typeof ftype3.NF3CHR | typeof ftype3.NF3BLK | typeof ftype3.NF3SOCK | typeof ftype3.NF3FIFO> }

export function decodemknoddata3(reader: XdrReader): mknoddata3 {
  let field = 'type'
  try {
    const type_ = decodeftype3(reader)
    switch (type_) {
      case ftype3.NF3CHR:
      case ftype3.NF3BLK: {
        field = 'device'
        const device_ = decodedevicedata3(reader)
        return { type: type_, device: device_ }
      }
      case ftype3.NF3SOCK:
      case ftype3.NF3FIFO: {
        field = 'pipe_attributes'
        const pipe_attributes_ = decodesattr3(reader)
        return { type: type_, pipe_attributes: pipe_attributes_ }
      }
      default: {
        return { type: type_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'mknoddata3', field, -1)
  }
}

export function encodemknoddata3(writer: XdrWriter, value: mknoddata3): void {
  let field = 'type'
  try {
    writer.writeInt32(value.type)
    switch (value.type) {
      case ftype3.NF3CHR:
      case ftype3.NF3BLK:
        field = 'device'
        encodedevicedata3(writer, value.device)
        return
      case ftype3.NF3SOCK:
      case ftype3.NF3FIFO:
        field = 'pipe_attributes'
        encodesattr3(writer, value.pipe_attributes)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'mknoddata3', field, -1)
  }
}

export interface MKNOD3args {
  readonly where: diropargs3
  readonly what: mknoddata3
}

export function decodeMKNOD3args(reader: XdrReader): MKNOD3args {
  let field = 'where'
  try {
    const where_ = decodediropargs3(reader)
    field = 'what'
    const what_ = decodemknoddata3(reader)
    return { where: where_, what: what_ }
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3args', field, -1)
  }
}

export function encodeMKNOD3args(writer: XdrWriter, value: MKNOD3args): void {
  let field = 'where'
  try {
    encodediropargs3(writer, value.where)
    field = 'what'
    encodemknoddata3(writer, value.what)
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3args', field, -1)
  }
}

export interface MKNOD3resok {
  readonly obj: post_op_fh3
  readonly obj_attributes: post_op_attr
  readonly dir_wcc: wcc_data
}

export function decodeMKNOD3resok(reader: XdrReader): MKNOD3resok {
  let field = 'obj'
  try {
    const obj_ = decodepost_op_fh3(reader)
    field = 'obj_attributes'
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'dir_wcc'
    const dir_wcc_ = decodewcc_data(reader)
    return { obj: obj_, obj_attributes: obj_attributes_, dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3resok', field, -1)
  }
}

export function encodeMKNOD3resok(writer: XdrWriter, value: MKNOD3resok): void {
  let field = 'obj'
  try {
    encodepost_op_fh3(writer, value.obj)
    field = 'obj_attributes'
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'dir_wcc'
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3resok', field, -1)
  }
}

export interface MKNOD3resfail {
  readonly dir_wcc: wcc_data
}

export function decodeMKNOD3resfail(reader: XdrReader): MKNOD3resfail {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3resfail', 'dir_wcc', -1)
  }
}

export function encodeMKNOD3resfail(writer: XdrWriter, value: MKNOD3resfail): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3resfail', 'dir_wcc', -1)
  }
}

export type MKNOD3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: MKNOD3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: MKNOD3resfail }

export function decodeMKNOD3res(reader: XdrReader): MKNOD3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeMKNOD3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeMKNOD3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3res', field, -1)
  }
}

export function encodeMKNOD3res(writer: XdrWriter, value: MKNOD3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeMKNOD3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeMKNOD3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'MKNOD3res', field, -1)
  }
}

export interface REMOVE3args {
  readonly object: diropargs3
}

export function decodeREMOVE3args(reader: XdrReader): REMOVE3args {
  try {
    const object_ = decodediropargs3(reader)
    return { object: object_ }
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3args', 'object', -1)
  }
}

export function encodeREMOVE3args(writer: XdrWriter, value: REMOVE3args): void {
  try {
    encodediropargs3(writer, value.object)
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3args', 'object', -1)
  }
}

export interface REMOVE3resok {
  readonly dir_wcc: wcc_data
}

export function decodeREMOVE3resok(reader: XdrReader): REMOVE3resok {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3resok', 'dir_wcc', -1)
  }
}

export function encodeREMOVE3resok(writer: XdrWriter, value: REMOVE3resok): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3resok', 'dir_wcc', -1)
  }
}

export interface REMOVE3resfail {
  readonly dir_wcc: wcc_data
}

export function decodeREMOVE3resfail(reader: XdrReader): REMOVE3resfail {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3resfail', 'dir_wcc', -1)
  }
}

export function encodeREMOVE3resfail(writer: XdrWriter, value: REMOVE3resfail): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3resfail', 'dir_wcc', -1)
  }
}

export type REMOVE3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: REMOVE3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: REMOVE3resfail }

export function decodeREMOVE3res(reader: XdrReader): REMOVE3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeREMOVE3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeREMOVE3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3res', field, -1)
  }
}

export function encodeREMOVE3res(writer: XdrWriter, value: REMOVE3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeREMOVE3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeREMOVE3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'REMOVE3res', field, -1)
  }
}

export interface RMDIR3args {
  readonly object: diropargs3
}

export function decodeRMDIR3args(reader: XdrReader): RMDIR3args {
  try {
    const object_ = decodediropargs3(reader)
    return { object: object_ }
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3args', 'object', -1)
  }
}

export function encodeRMDIR3args(writer: XdrWriter, value: RMDIR3args): void {
  try {
    encodediropargs3(writer, value.object)
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3args', 'object', -1)
  }
}

export interface RMDIR3resok {
  readonly dir_wcc: wcc_data
}

export function decodeRMDIR3resok(reader: XdrReader): RMDIR3resok {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3resok', 'dir_wcc', -1)
  }
}

export function encodeRMDIR3resok(writer: XdrWriter, value: RMDIR3resok): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3resok', 'dir_wcc', -1)
  }
}

export interface RMDIR3resfail {
  readonly dir_wcc: wcc_data
}

export function decodeRMDIR3resfail(reader: XdrReader): RMDIR3resfail {
  try {
    const dir_wcc_ = decodewcc_data(reader)
    return { dir_wcc: dir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3resfail', 'dir_wcc', -1)
  }
}

export function encodeRMDIR3resfail(writer: XdrWriter, value: RMDIR3resfail): void {
  try {
    encodewcc_data(writer, value.dir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3resfail', 'dir_wcc', -1)
  }
}

export type RMDIR3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: RMDIR3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: RMDIR3resfail }

export function decodeRMDIR3res(reader: XdrReader): RMDIR3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeRMDIR3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeRMDIR3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3res', field, -1)
  }
}

export function encodeRMDIR3res(writer: XdrWriter, value: RMDIR3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeRMDIR3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeRMDIR3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'RMDIR3res', field, -1)
  }
}

export interface RENAME3args {
  readonly from: diropargs3
  readonly to: diropargs3
}

export function decodeRENAME3args(reader: XdrReader): RENAME3args {
  let field = 'from'
  try {
    const from_ = decodediropargs3(reader)
    field = 'to'
    const to_ = decodediropargs3(reader)
    return { from: from_, to: to_ }
  } catch (error) {
    throw XdrError.within(error, 'RENAME3args', field, -1)
  }
}

export function encodeRENAME3args(writer: XdrWriter, value: RENAME3args): void {
  let field = 'from'
  try {
    encodediropargs3(writer, value.from)
    field = 'to'
    encodediropargs3(writer, value.to)
  } catch (error) {
    throw XdrError.within(error, 'RENAME3args', field, -1)
  }
}

export interface RENAME3resok {
  readonly fromdir_wcc: wcc_data
  readonly todir_wcc: wcc_data
}

export function decodeRENAME3resok(reader: XdrReader): RENAME3resok {
  let field = 'fromdir_wcc'
  try {
    const fromdir_wcc_ = decodewcc_data(reader)
    field = 'todir_wcc'
    const todir_wcc_ = decodewcc_data(reader)
    return { fromdir_wcc: fromdir_wcc_, todir_wcc: todir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'RENAME3resok', field, -1)
  }
}

export function encodeRENAME3resok(writer: XdrWriter, value: RENAME3resok): void {
  let field = 'fromdir_wcc'
  try {
    encodewcc_data(writer, value.fromdir_wcc)
    field = 'todir_wcc'
    encodewcc_data(writer, value.todir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'RENAME3resok', field, -1)
  }
}

export interface RENAME3resfail {
  readonly fromdir_wcc: wcc_data
  readonly todir_wcc: wcc_data
}

export function decodeRENAME3resfail(reader: XdrReader): RENAME3resfail {
  let field = 'fromdir_wcc'
  try {
    const fromdir_wcc_ = decodewcc_data(reader)
    field = 'todir_wcc'
    const todir_wcc_ = decodewcc_data(reader)
    return { fromdir_wcc: fromdir_wcc_, todir_wcc: todir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'RENAME3resfail', field, -1)
  }
}

export function encodeRENAME3resfail(writer: XdrWriter, value: RENAME3resfail): void {
  let field = 'fromdir_wcc'
  try {
    encodewcc_data(writer, value.fromdir_wcc)
    field = 'todir_wcc'
    encodewcc_data(writer, value.todir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'RENAME3resfail', field, -1)
  }
}

export type RENAME3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: RENAME3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: RENAME3resfail }

export function decodeRENAME3res(reader: XdrReader): RENAME3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeRENAME3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeRENAME3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'RENAME3res', field, -1)
  }
}

export function encodeRENAME3res(writer: XdrWriter, value: RENAME3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeRENAME3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeRENAME3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'RENAME3res', field, -1)
  }
}

export interface LINK3args {
  readonly file: nfs_fh3
  readonly link: diropargs3
}

export function decodeLINK3args(reader: XdrReader): LINK3args {
  let field = 'file'
  try {
    const file_ = decodenfs_fh3(reader)
    field = 'link'
    const link_ = decodediropargs3(reader)
    return { file: file_, link: link_ }
  } catch (error) {
    throw XdrError.within(error, 'LINK3args', field, -1)
  }
}

export function encodeLINK3args(writer: XdrWriter, value: LINK3args): void {
  let field = 'file'
  try {
    encodenfs_fh3(writer, value.file)
    field = 'link'
    encodediropargs3(writer, value.link)
  } catch (error) {
    throw XdrError.within(error, 'LINK3args', field, -1)
  }
}

export interface LINK3resok {
  readonly file_attributes: post_op_attr
  readonly linkdir_wcc: wcc_data
}

export function decodeLINK3resok(reader: XdrReader): LINK3resok {
  let field = 'file_attributes'
  try {
    const file_attributes_ = decodepost_op_attr(reader)
    field = 'linkdir_wcc'
    const linkdir_wcc_ = decodewcc_data(reader)
    return { file_attributes: file_attributes_, linkdir_wcc: linkdir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'LINK3resok', field, -1)
  }
}

export function encodeLINK3resok(writer: XdrWriter, value: LINK3resok): void {
  let field = 'file_attributes'
  try {
    encodepost_op_attr(writer, value.file_attributes)
    field = 'linkdir_wcc'
    encodewcc_data(writer, value.linkdir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'LINK3resok', field, -1)
  }
}

export interface LINK3resfail {
  readonly file_attributes: post_op_attr
  readonly linkdir_wcc: wcc_data
}

export function decodeLINK3resfail(reader: XdrReader): LINK3resfail {
  let field = 'file_attributes'
  try {
    const file_attributes_ = decodepost_op_attr(reader)
    field = 'linkdir_wcc'
    const linkdir_wcc_ = decodewcc_data(reader)
    return { file_attributes: file_attributes_, linkdir_wcc: linkdir_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'LINK3resfail', field, -1)
  }
}

export function encodeLINK3resfail(writer: XdrWriter, value: LINK3resfail): void {
  let field = 'file_attributes'
  try {
    encodepost_op_attr(writer, value.file_attributes)
    field = 'linkdir_wcc'
    encodewcc_data(writer, value.linkdir_wcc)
  } catch (error) {
    throw XdrError.within(error, 'LINK3resfail', field, -1)
  }
}

export type LINK3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: LINK3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: LINK3resfail }

export function decodeLINK3res(reader: XdrReader): LINK3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeLINK3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeLINK3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'LINK3res', field, -1)
  }
}

export function encodeLINK3res(writer: XdrWriter, value: LINK3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeLINK3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeLINK3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'LINK3res', field, -1)
  }
}

export interface READDIR3args {
  readonly dir: nfs_fh3
  readonly cookie: cookie3
  readonly cookieverf: cookieverf3
  readonly count: count3
}

export function decodeREADDIR3args(reader: XdrReader): READDIR3args {
  let field = 'dir'
  try {
    const dir_ = decodenfs_fh3(reader)
    field = 'cookie'
    const cookie_ = reader.readUint64()
    field = 'cookieverf'
    const cookieverf_ = reader.readFixedOpaque(8)
    field = 'count'
    const count_ = reader.readUint32()
    return { dir: dir_, cookie: cookie_, cookieverf: cookieverf_, count: count_ }
  } catch (error) {
    throw XdrError.within(error, 'READDIR3args', field, -1)
  }
}

export function encodeREADDIR3args(writer: XdrWriter, value: READDIR3args): void {
  let field = 'dir'
  try {
    encodenfs_fh3(writer, value.dir)
    field = 'cookie'
    writer.writeUint64(value.cookie)
    field = 'cookieverf'
    writer.writeFixedOpaque(value.cookieverf, 8)
    field = 'count'
    writer.writeUint32(value.count)
  } catch (error) {
    throw XdrError.within(error, 'READDIR3args', field, -1)
  }
}

/** One element; a list of them is an array. */
export interface entry3 {
  readonly fileid: fileid3
  readonly name: filename3
  readonly cookie: cookie3
}

export function decodeentry3(reader: XdrReader): entry3 {
  let field = 'fileid'
  try {
    const fileid_ = reader.readUint64()
    field = 'name'
    const name_ = reader.readOpaque(4294967295)
    field = 'cookie'
    const cookie_ = reader.readUint64()
    return { fileid: fileid_, name: name_, cookie: cookie_ }
  } catch (error) {
    throw XdrError.within(error, 'entry3', field, -1)
  }
}

export function decodeentry3List(reader: XdrReader): entry3[] {
  let index = 0
  try {
    const list: entry3[] = []
    for (; reader.readBool(); index++) list.push(decodeentry3(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'entry3', '', index)
  }
}

export function encodeentry3(writer: XdrWriter, value: entry3): void {
  let field = 'fileid'
  try {
    writer.writeUint64(value.fileid)
    field = 'name'
    writer.writeOpaque(value.name, 4294967295)
    field = 'cookie'
    writer.writeUint64(value.cookie)
  } catch (error) {
    throw XdrError.within(error, 'entry3', field, -1)
  }
}

export function encodeentry3List(writer: XdrWriter, value: readonly entry3[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encodeentry3(writer, value[index] as entry3)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'entry3', '', index)
  }
}

export interface dirlist3 {
  readonly entries: readonly entry3[]
  readonly eof: boolean
}

export function decodedirlist3(reader: XdrReader): dirlist3 {
  let field = 'entries'
  try {
    const entries_ = decodeentry3List(reader)
    field = 'eof'
    const eof_ = reader.readBool()
    return { entries: entries_, eof: eof_ }
  } catch (error) {
    throw XdrError.within(error, 'dirlist3', field, -1)
  }
}

export function encodedirlist3(writer: XdrWriter, value: dirlist3): void {
  let field = 'entries'
  try {
    encodeentry3List(writer, value.entries)
    field = 'eof'
    writer.writeBool(value.eof)
  } catch (error) {
    throw XdrError.within(error, 'dirlist3', field, -1)
  }
}

export interface READDIR3resok {
  readonly dir_attributes: post_op_attr
  readonly cookieverf: cookieverf3
  readonly reply: dirlist3
}

export function decodeREADDIR3resok(reader: XdrReader): READDIR3resok {
  let field = 'dir_attributes'
  try {
    const dir_attributes_ = decodepost_op_attr(reader)
    field = 'cookieverf'
    const cookieverf_ = reader.readFixedOpaque(8)
    field = 'reply'
    const reply_ = decodedirlist3(reader)
    return { dir_attributes: dir_attributes_, cookieverf: cookieverf_, reply: reply_ }
  } catch (error) {
    throw XdrError.within(error, 'READDIR3resok', field, -1)
  }
}

export function encodeREADDIR3resok(writer: XdrWriter, value: READDIR3resok): void {
  let field = 'dir_attributes'
  try {
    encodepost_op_attr(writer, value.dir_attributes)
    field = 'cookieverf'
    writer.writeFixedOpaque(value.cookieverf, 8)
    field = 'reply'
    encodedirlist3(writer, value.reply)
  } catch (error) {
    throw XdrError.within(error, 'READDIR3resok', field, -1)
  }
}

export interface READDIR3resfail {
  readonly dir_attributes: post_op_attr
}

export function decodeREADDIR3resfail(reader: XdrReader): READDIR3resfail {
  try {
    const dir_attributes_ = decodepost_op_attr(reader)
    return { dir_attributes: dir_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'READDIR3resfail', 'dir_attributes', -1)
  }
}

export function encodeREADDIR3resfail(writer: XdrWriter, value: READDIR3resfail): void {
  try {
    encodepost_op_attr(writer, value.dir_attributes)
  } catch (error) {
    throw XdrError.within(error, 'READDIR3resfail', 'dir_attributes', -1)
  }
}

export type READDIR3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: READDIR3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: READDIR3resfail }

export function decodeREADDIR3res(reader: XdrReader): READDIR3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeREADDIR3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeREADDIR3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'READDIR3res', field, -1)
  }
}

export function encodeREADDIR3res(writer: XdrWriter, value: READDIR3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeREADDIR3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeREADDIR3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'READDIR3res', field, -1)
  }
}

export interface READDIRPLUS3args {
  readonly dir: nfs_fh3
  readonly cookie: cookie3
  readonly cookieverf: cookieverf3
  readonly dircount: count3
  readonly maxcount: count3
}

export function decodeREADDIRPLUS3args(reader: XdrReader): READDIRPLUS3args {
  let field = 'dir'
  try {
    const dir_ = decodenfs_fh3(reader)
    field = 'cookie'
    const cookie_ = reader.readUint64()
    field = 'cookieverf'
    const cookieverf_ = reader.readFixedOpaque(8)
    field = 'dircount'
    const dircount_ = reader.readUint32()
    field = 'maxcount'
    const maxcount_ = reader.readUint32()
    return { dir: dir_, cookie: cookie_, cookieverf: cookieverf_, dircount: dircount_, maxcount: maxcount_ }
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3args', field, -1)
  }
}

export function encodeREADDIRPLUS3args(writer: XdrWriter, value: READDIRPLUS3args): void {
  let field = 'dir'
  try {
    encodenfs_fh3(writer, value.dir)
    field = 'cookie'
    writer.writeUint64(value.cookie)
    field = 'cookieverf'
    writer.writeFixedOpaque(value.cookieverf, 8)
    field = 'dircount'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.dircount))
    field = 'maxcount'
    view0.setUint32(at0 + 4, asUint32(value.maxcount))
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3args', field, -1)
  }
}

/** One element; a list of them is an array. */
export interface entryplus3 {
  readonly fileid: fileid3
  readonly name: filename3
  readonly cookie: cookie3
  readonly name_attributes: post_op_attr
  readonly name_handle: post_op_fh3
}

export function decodeentryplus3(reader: XdrReader): entryplus3 {
  let field = 'fileid'
  try {
    const fileid_ = reader.readUint64()
    field = 'name'
    const name_ = reader.readOpaque(4294967295)
    field = 'cookie'
    const cookie_ = reader.readUint64()
    field = 'name_attributes'
    const name_attributes_ = decodepost_op_attr(reader)
    field = 'name_handle'
    const name_handle_ = decodepost_op_fh3(reader)
    return { fileid: fileid_, name: name_, cookie: cookie_, name_attributes: name_attributes_, name_handle: name_handle_ }
  } catch (error) {
    throw XdrError.within(error, 'entryplus3', field, -1)
  }
}

export function decodeentryplus3List(reader: XdrReader): entryplus3[] {
  let index = 0
  try {
    const list: entryplus3[] = []
    for (; reader.readBool(); index++) list.push(decodeentryplus3(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'entryplus3', '', index)
  }
}

export function encodeentryplus3(writer: XdrWriter, value: entryplus3): void {
  let field = 'fileid'
  try {
    writer.writeUint64(value.fileid)
    field = 'name'
    writer.writeOpaque(value.name, 4294967295)
    field = 'cookie'
    writer.writeUint64(value.cookie)
    field = 'name_attributes'
    encodepost_op_attr(writer, value.name_attributes)
    field = 'name_handle'
    encodepost_op_fh3(writer, value.name_handle)
  } catch (error) {
    throw XdrError.within(error, 'entryplus3', field, -1)
  }
}

export function encodeentryplus3List(writer: XdrWriter, value: readonly entryplus3[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encodeentryplus3(writer, value[index] as entryplus3)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'entryplus3', '', index)
  }
}

export interface dirlistplus3 {
  readonly entries: readonly entryplus3[]
  readonly eof: boolean
}

export function decodedirlistplus3(reader: XdrReader): dirlistplus3 {
  let field = 'entries'
  try {
    const entries_ = decodeentryplus3List(reader)
    field = 'eof'
    const eof_ = reader.readBool()
    return { entries: entries_, eof: eof_ }
  } catch (error) {
    throw XdrError.within(error, 'dirlistplus3', field, -1)
  }
}

export function encodedirlistplus3(writer: XdrWriter, value: dirlistplus3): void {
  let field = 'entries'
  try {
    encodeentryplus3List(writer, value.entries)
    field = 'eof'
    writer.writeBool(value.eof)
  } catch (error) {
    throw XdrError.within(error, 'dirlistplus3', field, -1)
  }
}

export interface READDIRPLUS3resok {
  readonly dir_attributes: post_op_attr
  readonly cookieverf: cookieverf3
  readonly reply: dirlistplus3
}

export function decodeREADDIRPLUS3resok(reader: XdrReader): READDIRPLUS3resok {
  let field = 'dir_attributes'
  try {
    const dir_attributes_ = decodepost_op_attr(reader)
    field = 'cookieverf'
    const cookieverf_ = reader.readFixedOpaque(8)
    field = 'reply'
    const reply_ = decodedirlistplus3(reader)
    return { dir_attributes: dir_attributes_, cookieverf: cookieverf_, reply: reply_ }
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3resok', field, -1)
  }
}

export function encodeREADDIRPLUS3resok(writer: XdrWriter, value: READDIRPLUS3resok): void {
  let field = 'dir_attributes'
  try {
    encodepost_op_attr(writer, value.dir_attributes)
    field = 'cookieverf'
    writer.writeFixedOpaque(value.cookieverf, 8)
    field = 'reply'
    encodedirlistplus3(writer, value.reply)
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3resok', field, -1)
  }
}

export interface READDIRPLUS3resfail {
  readonly dir_attributes: post_op_attr
}

export function decodeREADDIRPLUS3resfail(reader: XdrReader): READDIRPLUS3resfail {
  try {
    const dir_attributes_ = decodepost_op_attr(reader)
    return { dir_attributes: dir_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3resfail', 'dir_attributes', -1)
  }
}

export function encodeREADDIRPLUS3resfail(writer: XdrWriter, value: READDIRPLUS3resfail): void {
  try {
    encodepost_op_attr(writer, value.dir_attributes)
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3resfail', 'dir_attributes', -1)
  }
}

export type READDIRPLUS3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: READDIRPLUS3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: READDIRPLUS3resfail }

export function decodeREADDIRPLUS3res(reader: XdrReader): READDIRPLUS3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeREADDIRPLUS3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeREADDIRPLUS3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3res', field, -1)
  }
}

export function encodeREADDIRPLUS3res(writer: XdrWriter, value: READDIRPLUS3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeREADDIRPLUS3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeREADDIRPLUS3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'READDIRPLUS3res', field, -1)
  }
}

export interface FSSTAT3args {
  readonly fsroot: nfs_fh3
}

export function decodeFSSTAT3args(reader: XdrReader): FSSTAT3args {
  try {
    const fsroot_ = decodenfs_fh3(reader)
    return { fsroot: fsroot_ }
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3args', 'fsroot', -1)
  }
}

export function encodeFSSTAT3args(writer: XdrWriter, value: FSSTAT3args): void {
  try {
    encodenfs_fh3(writer, value.fsroot)
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3args', 'fsroot', -1)
  }
}

export interface FSSTAT3resok {
  readonly obj_attributes: post_op_attr
  readonly tbytes: size3
  readonly fbytes: size3
  readonly abytes: size3
  readonly tfiles: size3
  readonly ffiles: size3
  readonly afiles: size3
  readonly invarsec: uint32
}

export function decodeFSSTAT3resok(reader: XdrReader): FSSTAT3resok {
  let field = 'obj_attributes'
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'tbytes'
    const tbytes_ = reader.readUint64()
    field = 'fbytes'
    const fbytes_ = reader.readUint64()
    field = 'abytes'
    const abytes_ = reader.readUint64()
    field = 'tfiles'
    const tfiles_ = reader.readUint64()
    field = 'ffiles'
    const ffiles_ = reader.readUint64()
    field = 'afiles'
    const afiles_ = reader.readUint64()
    field = 'invarsec'
    const invarsec_ = reader.readUint32()
    return { obj_attributes: obj_attributes_, tbytes: tbytes_, fbytes: fbytes_, abytes: abytes_, tfiles: tfiles_, ffiles: ffiles_, afiles: afiles_, invarsec: invarsec_ }
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3resok', field, -1)
  }
}

export function encodeFSSTAT3resok(writer: XdrWriter, value: FSSTAT3resok): void {
  let field = 'obj_attributes'
  try {
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'tbytes'
    const at0 = writer.take(52)
    const view0 = writer.view
    view0.setBigUint64(at0, asUint64(value.tbytes))
    field = 'fbytes'
    view0.setBigUint64(at0 + 8, asUint64(value.fbytes))
    field = 'abytes'
    view0.setBigUint64(at0 + 16, asUint64(value.abytes))
    field = 'tfiles'
    view0.setBigUint64(at0 + 24, asUint64(value.tfiles))
    field = 'ffiles'
    view0.setBigUint64(at0 + 32, asUint64(value.ffiles))
    field = 'afiles'
    view0.setBigUint64(at0 + 40, asUint64(value.afiles))
    field = 'invarsec'
    view0.setUint32(at0 + 48, asUint32(value.invarsec))
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3resok', field, -1)
  }
}

export interface FSSTAT3resfail {
  readonly obj_attributes: post_op_attr
}

export function decodeFSSTAT3resfail(reader: XdrReader): FSSTAT3resfail {
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    return { obj_attributes: obj_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3resfail', 'obj_attributes', -1)
  }
}

export function encodeFSSTAT3resfail(writer: XdrWriter, value: FSSTAT3resfail): void {
  try {
    encodepost_op_attr(writer, value.obj_attributes)
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3resfail', 'obj_attributes', -1)
  }
}

export type FSSTAT3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: FSSTAT3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: FSSTAT3resfail }

export function decodeFSSTAT3res(reader: XdrReader): FSSTAT3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeFSSTAT3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeFSSTAT3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3res', field, -1)
  }
}

export function encodeFSSTAT3res(writer: XdrWriter, value: FSSTAT3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeFSSTAT3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeFSSTAT3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'FSSTAT3res', field, -1)
  }
}

export const FSF3_LINK = 1

export const FSF3_SYMLINK = 2

export const FSF3_HOMOGENEOUS = 8

export const FSF3_CANSETTIME = 16

export interface FSINFO3args {
  readonly fsroot: nfs_fh3
}

export function decodeFSINFO3args(reader: XdrReader): FSINFO3args {
  try {
    const fsroot_ = decodenfs_fh3(reader)
    return { fsroot: fsroot_ }
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3args', 'fsroot', -1)
  }
}

export function encodeFSINFO3args(writer: XdrWriter, value: FSINFO3args): void {
  try {
    encodenfs_fh3(writer, value.fsroot)
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3args', 'fsroot', -1)
  }
}

export interface FSINFO3resok {
  readonly obj_attributes: post_op_attr
  readonly rtmax: uint32
  readonly rtpref: uint32
  readonly rtmult: uint32
  readonly wtmax: uint32
  readonly wtpref: uint32
  readonly wtmult: uint32
  readonly dtpref: uint32
  readonly maxfilesize: size3
  readonly time_delta: nfstime3
  readonly properties: uint32
}

export function decodeFSINFO3resok(reader: XdrReader): FSINFO3resok {
  let field = 'obj_attributes'
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'rtmax'
    const rtmax_ = reader.readUint32()
    field = 'rtpref'
    const rtpref_ = reader.readUint32()
    field = 'rtmult'
    const rtmult_ = reader.readUint32()
    field = 'wtmax'
    const wtmax_ = reader.readUint32()
    field = 'wtpref'
    const wtpref_ = reader.readUint32()
    field = 'wtmult'
    const wtmult_ = reader.readUint32()
    field = 'dtpref'
    const dtpref_ = reader.readUint32()
    field = 'maxfilesize'
    const maxfilesize_ = reader.readUint64()
    field = 'time_delta'
    const time_delta_ = decodenfstime3(reader)
    field = 'properties'
    const properties_ = reader.readUint32()
    return { obj_attributes: obj_attributes_, rtmax: rtmax_, rtpref: rtpref_, rtmult: rtmult_, wtmax: wtmax_, wtpref: wtpref_, wtmult: wtmult_, dtpref: dtpref_, maxfilesize: maxfilesize_, time_delta: time_delta_, properties: properties_ }
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3resok', field, -1)
  }
}

export function encodeFSINFO3resok(writer: XdrWriter, value: FSINFO3resok): void {
  let field = 'obj_attributes'
  try {
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'rtmax'
    const at0 = writer.take(48)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.rtmax))
    field = 'rtpref'
    view0.setUint32(at0 + 4, asUint32(value.rtpref))
    field = 'rtmult'
    view0.setUint32(at0 + 8, asUint32(value.rtmult))
    field = 'wtmax'
    view0.setUint32(at0 + 12, asUint32(value.wtmax))
    field = 'wtpref'
    view0.setUint32(at0 + 16, asUint32(value.wtpref))
    field = 'wtmult'
    view0.setUint32(at0 + 20, asUint32(value.wtmult))
    field = 'dtpref'
    view0.setUint32(at0 + 24, asUint32(value.dtpref))
    field = 'maxfilesize'
    view0.setBigUint64(at0 + 28, asUint64(value.maxfilesize))
    field = 'time_delta.seconds'
    view0.setUint32(at0 + 36, asUint32(value.time_delta.seconds))
    field = 'time_delta.nseconds'
    view0.setUint32(at0 + 40, asUint32(value.time_delta.nseconds))
    field = 'properties'
    view0.setUint32(at0 + 44, asUint32(value.properties))
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3resok', field, -1)
  }
}

export interface FSINFO3resfail {
  readonly obj_attributes: post_op_attr
}

export function decodeFSINFO3resfail(reader: XdrReader): FSINFO3resfail {
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    return { obj_attributes: obj_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3resfail', 'obj_attributes', -1)
  }
}

export function encodeFSINFO3resfail(writer: XdrWriter, value: FSINFO3resfail): void {
  try {
    encodepost_op_attr(writer, value.obj_attributes)
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3resfail', 'obj_attributes', -1)
  }
}

export type FSINFO3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: FSINFO3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: FSINFO3resfail }

export function decodeFSINFO3res(reader: XdrReader): FSINFO3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeFSINFO3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeFSINFO3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3res', field, -1)
  }
}

export function encodeFSINFO3res(writer: XdrWriter, value: FSINFO3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeFSINFO3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeFSINFO3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'FSINFO3res', field, -1)
  }
}

export interface PATHCONF3args {
  readonly object: nfs_fh3
}

export function decodePATHCONF3args(reader: XdrReader): PATHCONF3args {
  try {
    const object_ = decodenfs_fh3(reader)
    return { object: object_ }
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3args', 'object', -1)
  }
}

export function encodePATHCONF3args(writer: XdrWriter, value: PATHCONF3args): void {
  try {
    encodenfs_fh3(writer, value.object)
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3args', 'object', -1)
  }
}

export interface PATHCONF3resok {
  readonly obj_attributes: post_op_attr
  readonly linkmax: uint32
  readonly name_max: uint32
  readonly no_trunc: boolean
  readonly chown_restricted: boolean
  readonly case_insensitive: boolean
  readonly case_preserving: boolean
}

export function decodePATHCONF3resok(reader: XdrReader): PATHCONF3resok {
  let field = 'obj_attributes'
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    field = 'linkmax'
    const linkmax_ = reader.readUint32()
    field = 'name_max'
    const name_max_ = reader.readUint32()
    field = 'no_trunc'
    const no_trunc_ = reader.readBool()
    field = 'chown_restricted'
    const chown_restricted_ = reader.readBool()
    field = 'case_insensitive'
    const case_insensitive_ = reader.readBool()
    field = 'case_preserving'
    const case_preserving_ = reader.readBool()
    return { obj_attributes: obj_attributes_, linkmax: linkmax_, name_max: name_max_, no_trunc: no_trunc_, chown_restricted: chown_restricted_, case_insensitive: case_insensitive_, case_preserving: case_preserving_ }
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3resok', field, -1)
  }
}

export function encodePATHCONF3resok(writer: XdrWriter, value: PATHCONF3resok): void {
  let field = 'obj_attributes'
  try {
    encodepost_op_attr(writer, value.obj_attributes)
    field = 'linkmax'
    const at0 = writer.take(24)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.linkmax))
    field = 'name_max'
    view0.setUint32(at0 + 4, asUint32(value.name_max))
    field = 'no_trunc'
    view0.setUint32(at0 + 8, Number(value.no_trunc))
    field = 'chown_restricted'
    view0.setUint32(at0 + 12, Number(value.chown_restricted))
    field = 'case_insensitive'
    view0.setUint32(at0 + 16, Number(value.case_insensitive))
    field = 'case_preserving'
    view0.setUint32(at0 + 20, Number(value.case_preserving))
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3resok', field, -1)
  }
}

export interface PATHCONF3resfail {
  readonly obj_attributes: post_op_attr
}

export function decodePATHCONF3resfail(reader: XdrReader): PATHCONF3resfail {
  try {
    const obj_attributes_ = decodepost_op_attr(reader)
    return { obj_attributes: obj_attributes_ }
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3resfail', 'obj_attributes', -1)
  }
}

export function encodePATHCONF3resfail(writer: XdrWriter, value: PATHCONF3resfail): void {
  try {
    encodepost_op_attr(writer, value.obj_attributes)
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3resfail', 'obj_attributes', -1)
  }
}

export type PATHCONF3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: PATHCONF3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: PATHCONF3resfail }

export function decodePATHCONF3res(reader: XdrReader): PATHCONF3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodePATHCONF3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodePATHCONF3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3res', field, -1)
  }
}

export function encodePATHCONF3res(writer: XdrWriter, value: PATHCONF3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodePATHCONF3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodePATHCONF3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'PATHCONF3res', field, -1)
  }
}

export interface COMMIT3args {
  readonly file: nfs_fh3
  readonly offset: offset3
  readonly count: count3
}

export function decodeCOMMIT3args(reader: XdrReader): COMMIT3args {
  let field = 'file'
  try {
    const file_ = decodenfs_fh3(reader)
    field = 'offset'
    const offset_ = reader.readUint64()
    field = 'count'
    const count_ = reader.readUint32()
    return { file: file_, offset: offset_, count: count_ }
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3args', field, -1)
  }
}

export function encodeCOMMIT3args(writer: XdrWriter, value: COMMIT3args): void {
  let field = 'file'
  try {
    encodenfs_fh3(writer, value.file)
    field = 'offset'
    const at0 = writer.take(12)
    const view0 = writer.view
    view0.setBigUint64(at0, asUint64(value.offset))
    field = 'count'
    view0.setUint32(at0 + 8, asUint32(value.count))
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3args', field, -1)
  }
}

export interface COMMIT3resok {
  readonly file_wcc: wcc_data
  readonly verf: writeverf3
}

export function decodeCOMMIT3resok(reader: XdrReader): COMMIT3resok {
  let field = 'file_wcc'
  try {
    const file_wcc_ = decodewcc_data(reader)
    field = 'verf'
    const verf_ = reader.readFixedOpaque(8)
    return { file_wcc: file_wcc_, verf: verf_ }
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3resok', field, -1)
  }
}

export function encodeCOMMIT3resok(writer: XdrWriter, value: COMMIT3resok): void {
  let field = 'file_wcc'
  try {
    encodewcc_data(writer, value.file_wcc)
    field = 'verf'
    writer.writeFixedOpaque(value.verf, 8)
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3resok', field, -1)
  }
}

export interface COMMIT3resfail {
  readonly file_wcc: wcc_data
}

export function decodeCOMMIT3resfail(reader: XdrReader): COMMIT3resfail {
  try {
    const file_wcc_ = decodewcc_data(reader)
    return { file_wcc: file_wcc_ }
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3resfail', 'file_wcc', -1)
  }
}

export function encodeCOMMIT3resfail(writer: XdrWriter, value: COMMIT3resfail): void {
  try {
    encodewcc_data(writer, value.file_wcc)
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3resfail', 'file_wcc', -1)
  }
}

export type COMMIT3res =
  | { readonly status: typeof nfsstat3.NFS3_OK; readonly resok: COMMIT3resok }
  | { readonly status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; readonly resfail: COMMIT3resfail }

export function decodeCOMMIT3res(reader: XdrReader): COMMIT3res {
  let field = 'status'
  try {
    const status_ = decodenfsstat3(reader)
    switch (status_) {
      case nfsstat3.NFS3_OK: {
        field = 'resok'
        const resok_ = decodeCOMMIT3resok(reader)
        return { status: status_, resok: resok_ }
      }
      default: {
        field = 'resfail'
        const resfail_ = decodeCOMMIT3resfail(reader)
        return { status: status_, resfail: resfail_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3res', field, -1)
  }
}

export function encodeCOMMIT3res(writer: XdrWriter, value: COMMIT3res): void {
  let field = 'status'
  try {
    writer.writeInt32(value.status)
    switch (value.status) {
      case nfsstat3.NFS3_OK:
        field = 'resok'
        encodeCOMMIT3resok(writer, value.resok)
        return
      default:
        field = 'resfail'
        encodeCOMMIT3resfail(writer, value.resfail)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'COMMIT3res', field, -1)
  }
}

export const NFS_PROGRAM = 100003
export const NFS_V3 = 3
export const NFS_V3_PROCEDURES = {
  NFSPROC3_NULL: {
    number: 0,
    name: 'NFSPROC3_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  NFSPROC3_GETATTR: {
    number: 1,
    name: 'NFSPROC3_GETATTR',
    decodeArguments: decodeGETATTR3args,
    encodeArguments: encodeGETATTR3args,
    decodeResult: decodeGETATTR3res,
    encodeResult: encodeGETATTR3res,
  } satisfies Procedure<GETATTR3args, GETATTR3res>,
  NFSPROC3_SETATTR: {
    number: 2,
    name: 'NFSPROC3_SETATTR',
    decodeArguments: decodeSETATTR3args,
    encodeArguments: encodeSETATTR3args,
    decodeResult: decodeSETATTR3res,
    encodeResult: encodeSETATTR3res,
  } satisfies Procedure<SETATTR3args, SETATTR3res>,
  NFSPROC3_LOOKUP: {
    number: 3,
    name: 'NFSPROC3_LOOKUP',
    decodeArguments: decodeLOOKUP3args,
    encodeArguments: encodeLOOKUP3args,
    decodeResult: decodeLOOKUP3res,
    encodeResult: encodeLOOKUP3res,
  } satisfies Procedure<LOOKUP3args, LOOKUP3res>,
  NFSPROC3_ACCESS: {
    number: 4,
    name: 'NFSPROC3_ACCESS',
    decodeArguments: decodeACCESS3args,
    encodeArguments: encodeACCESS3args,
    decodeResult: decodeACCESS3res,
    encodeResult: encodeACCESS3res,
  } satisfies Procedure<ACCESS3args, ACCESS3res>,
  NFSPROC3_READLINK: {
    number: 5,
    name: 'NFSPROC3_READLINK',
    decodeArguments: decodeREADLINK3args,
    encodeArguments: encodeREADLINK3args,
    decodeResult: decodeREADLINK3res,
    encodeResult: encodeREADLINK3res,
  } satisfies Procedure<READLINK3args, READLINK3res>,
  NFSPROC3_READ: {
    number: 6,
    name: 'NFSPROC3_READ',
    decodeArguments: decodeREAD3args,
    encodeArguments: encodeREAD3args,
    decodeResult: decodeREAD3res,
    encodeResult: encodeREAD3res,
  } satisfies Procedure<READ3args, READ3res>,
  NFSPROC3_WRITE: {
    number: 7,
    name: 'NFSPROC3_WRITE',
    decodeArguments: decodeWRITE3args,
    encodeArguments: encodeWRITE3args,
    decodeResult: decodeWRITE3res,
    encodeResult: encodeWRITE3res,
  } satisfies Procedure<WRITE3args, WRITE3res>,
  NFSPROC3_CREATE: {
    number: 8,
    name: 'NFSPROC3_CREATE',
    decodeArguments: decodeCREATE3args,
    encodeArguments: encodeCREATE3args,
    decodeResult: decodeCREATE3res,
    encodeResult: encodeCREATE3res,
  } satisfies Procedure<CREATE3args, CREATE3res>,
  NFSPROC3_MKDIR: {
    number: 9,
    name: 'NFSPROC3_MKDIR',
    decodeArguments: decodeMKDIR3args,
    encodeArguments: encodeMKDIR3args,
    decodeResult: decodeMKDIR3res,
    encodeResult: encodeMKDIR3res,
  } satisfies Procedure<MKDIR3args, MKDIR3res>,
  NFSPROC3_SYMLINK: {
    number: 10,
    name: 'NFSPROC3_SYMLINK',
    decodeArguments: decodeSYMLINK3args,
    encodeArguments: encodeSYMLINK3args,
    decodeResult: decodeSYMLINK3res,
    encodeResult: encodeSYMLINK3res,
  } satisfies Procedure<SYMLINK3args, SYMLINK3res>,
  NFSPROC3_MKNOD: {
    number: 11,
    name: 'NFSPROC3_MKNOD',
    decodeArguments: decodeMKNOD3args,
    encodeArguments: encodeMKNOD3args,
    decodeResult: decodeMKNOD3res,
    encodeResult: encodeMKNOD3res,
  } satisfies Procedure<MKNOD3args, MKNOD3res>,
  NFSPROC3_REMOVE: {
    number: 12,
    name: 'NFSPROC3_REMOVE',
    decodeArguments: decodeREMOVE3args,
    encodeArguments: encodeREMOVE3args,
    decodeResult: decodeREMOVE3res,
    encodeResult: encodeREMOVE3res,
  } satisfies Procedure<REMOVE3args, REMOVE3res>,
  NFSPROC3_RMDIR: {
    number: 13,
    name: 'NFSPROC3_RMDIR',
    decodeArguments: decodeRMDIR3args,
    encodeArguments: encodeRMDIR3args,
    decodeResult: decodeRMDIR3res,
    encodeResult: encodeRMDIR3res,
  } satisfies Procedure<RMDIR3args, RMDIR3res>,
  NFSPROC3_RENAME: {
    number: 14,
    name: 'NFSPROC3_RENAME',
    decodeArguments: decodeRENAME3args,
    encodeArguments: encodeRENAME3args,
    decodeResult: decodeRENAME3res,
    encodeResult: encodeRENAME3res,
  } satisfies Procedure<RENAME3args, RENAME3res>,
  NFSPROC3_LINK: {
    number: 15,
    name: 'NFSPROC3_LINK',
    decodeArguments: decodeLINK3args,
    encodeArguments: encodeLINK3args,
    decodeResult: decodeLINK3res,
    encodeResult: encodeLINK3res,
  } satisfies Procedure<LINK3args, LINK3res>,
  NFSPROC3_READDIR: {
    number: 16,
    name: 'NFSPROC3_READDIR',
    decodeArguments: decodeREADDIR3args,
    encodeArguments: encodeREADDIR3args,
    decodeResult: decodeREADDIR3res,
    encodeResult: encodeREADDIR3res,
  } satisfies Procedure<READDIR3args, READDIR3res>,
  NFSPROC3_READDIRPLUS: {
    number: 17,
    name: 'NFSPROC3_READDIRPLUS',
    decodeArguments: decodeREADDIRPLUS3args,
    encodeArguments: encodeREADDIRPLUS3args,
    decodeResult: decodeREADDIRPLUS3res,
    encodeResult: encodeREADDIRPLUS3res,
  } satisfies Procedure<READDIRPLUS3args, READDIRPLUS3res>,
  NFSPROC3_FSSTAT: {
    number: 18,
    name: 'NFSPROC3_FSSTAT',
    decodeArguments: decodeFSSTAT3args,
    encodeArguments: encodeFSSTAT3args,
    decodeResult: decodeFSSTAT3res,
    encodeResult: encodeFSSTAT3res,
  } satisfies Procedure<FSSTAT3args, FSSTAT3res>,
  NFSPROC3_FSINFO: {
    number: 19,
    name: 'NFSPROC3_FSINFO',
    decodeArguments: decodeFSINFO3args,
    encodeArguments: encodeFSINFO3args,
    decodeResult: decodeFSINFO3res,
    encodeResult: encodeFSINFO3res,
  } satisfies Procedure<FSINFO3args, FSINFO3res>,
  NFSPROC3_PATHCONF: {
    number: 20,
    name: 'NFSPROC3_PATHCONF',
    decodeArguments: decodePATHCONF3args,
    encodeArguments: encodePATHCONF3args,
    decodeResult: decodePATHCONF3res,
    encodeResult: encodePATHCONF3res,
  } satisfies Procedure<PATHCONF3args, PATHCONF3res>,
  NFSPROC3_COMMIT: {
    number: 21,
    name: 'NFSPROC3_COMMIT',
    decodeArguments: decodeCOMMIT3args,
    encodeArguments: encodeCOMMIT3args,
    decodeResult: decodeCOMMIT3res,
    encodeResult: encodeCOMMIT3res,
  } satisfies Procedure<COMMIT3args, COMMIT3res>,
} as const
