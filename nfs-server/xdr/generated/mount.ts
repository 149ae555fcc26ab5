// Generated from mount.x by xdr-parser; do not edit.
import { decodeVoid, encodeVoid, type Procedure } from '../procedure.ts'
import type { XdrReader } from '../reader.ts'
import type { XdrWriter } from '../writer.ts'
import { XdrError } from '../xdr-error.ts'

export const MNTPATHLEN = 1024

export const MNTNAMLEN = 255

export const FHSIZE = 32

export const FHSIZE3 = 64

export type fhandle = Uint8Array

export function decodefhandle(reader: XdrReader): fhandle {
  return reader.readFixedOpaque(32)
}

export function encodefhandle(writer: XdrWriter, value: fhandle): void {
  try {
    writer.writeFixedOpaque(value, 32)
  } catch (error) {
    throw XdrError.within(error, 'fhandle', '', -1)
  }
}

export type fhandle3 = Uint8Array

export function decodefhandle3(reader: XdrReader): fhandle3 {
  return reader.readOpaque(64)
}

export function encodefhandle3(writer: XdrWriter, value: fhandle3): void {
  try {
    writer.writeOpaque(value, 64)
  } catch (error) {
    throw XdrError.within(error, 'fhandle3', '', -1)
  }
}

export type dirpath = Uint8Array

export function decodedirpath(reader: XdrReader): dirpath {
  return reader.readOpaque(1024)
}

export function encodedirpath(writer: XdrWriter, value: dirpath): void {
  try {
    writer.writeOpaque(value, 1024)
  } catch (error) {
    throw XdrError.within(error, 'dirpath', '', -1)
  }
}

export type name = Uint8Array

export function decodename(reader: XdrReader): name {
  return reader.readOpaque(255)
}

export function encodename(writer: XdrWriter, value: name): void {
  try {
    writer.writeOpaque(value, 255)
  } catch (error) {
    throw XdrError.within(error, 'name', '', -1)
  }
}

export type fhstatus =
  | { readonly status: 0; readonly directory: fhandle }
  | { readonly status: number; readonly directory?: undefined }

export function decodefhstatus(reader: XdrReader): fhstatus {
  let field = 'status'
  try {
    const status_ = reader.readUint32()
    switch (status_) {
      case 0: {
        field = 'directory'
        const directory_ = reader.readFixedOpaque(32)
        return { status: status_ as 0, directory: directory_ }
      }
      default: {
        return { status: status_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'fhstatus', field, -1)
  }
}

export function encodefhstatus(writer: XdrWriter, value: fhstatus): void {
  let field = 'status'
  try {
    writer.writeUint32(value.status)
    switch (value.status) {
      case 0:
        field = 'directory'
        writer.writeFixedOpaque((value.directory as fhandle), 32)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'fhstatus', field, -1)
  }
}

export const mountstat3 = {
  MNT3_OK: 0,
  MNT3ERR_PERM: 1,
  MNT3ERR_NOENT: 2,
  MNT3ERR_IO: 5,
  MNT3ERR_ACCES: 13,
  MNT3ERR_NOTDIR: 20,
  MNT3ERR_INVAL: 22,
  MNT3ERR_NAMETOOLONG: 63,
  MNT3ERR_NOTSUPP: 10004,
  MNT3ERR_SERVERFAULT: 10006,
} as const
export type mountstat3 = (typeof mountstat3)[keyof typeof mountstat3]

export function decodemountstat3(reader: XdrReader): mountstat3 {
  const value = reader.readInt32()
  switch (value) {
    case 0:
    case 1:
    case 2:
    case 5:
    case 13:
    case 20:
    case 22:
    case 63:
    case 10004:
    case 10006:
      return value
    default:
      throw new XdrError(`${value} is not a value of mountstat3`)
  }
}

export function encodemountstat3(writer: XdrWriter, value: mountstat3): void {
  writer.writeInt32(value)
}

export interface mountres3_ok {
  readonly fhandle: fhandle3
  readonly auth_flavors: readonly number[]
}

export function decodemountres3_ok(reader: XdrReader): mountres3_ok {
  let field = 'fhandle'
  let index = -1
  try {
    const fhandle_ = reader.readOpaque(64)
    field = 'auth_flavors'
    const auth_flavors_count = reader.readCount(4294967295, 4)
    const auth_flavors_: number[] = []
    for (index = 0; index < auth_flavors_count; index++) {
      auth_flavors_.push(reader.readInt32())
    }
    index = -1
    return { fhandle: fhandle_, auth_flavors: auth_flavors_ }
  } catch (error) {
    throw XdrError.within(error, 'mountres3_ok', field, index)
  }
}

export function encodemountres3_ok(writer: XdrWriter, value: mountres3_ok): void {
  let field = 'fhandle'
  let index = -1
  try {
    writer.writeOpaque(value.fhandle, 64)
    field = 'auth_flavors'
    writer.writeCount(value.auth_flavors.length, 4294967295)
    for (index = 0; index < value.auth_flavors.length; index++) {
      const element = value.auth_flavors[index] as number
      writer.writeInt32(element)
    }
    index = -1
  } catch (error) {
    throw XdrError.within(error, 'mountres3_ok', field, index)
  }
}

export type mountres3 =
  | { readonly fhs_status: typeof mountstat3.MNT3_OK; readonly mountinfo: mountres3_ok }
  | { readonly fhs_status: Exclude<mountstat3, typeof mountstat3.MNT3_OK> }

export function decodemountres3(reader: XdrReader): mountres3 {
  let field = 'fhs_status'
  try {
    const fhs_status_ = decodemountstat3(reader)
    switch (fhs_status_) {
      case mountstat3.MNT3_OK: {
        field = 'mountinfo'
        const mountinfo_ = decodemountres3_ok(reader)
        return { fhs_status: fhs_status_, mountinfo: mountinfo_ }
      }
      default: {
        return { fhs_status: fhs_status_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'mountres3', field, -1)
  }
}

export function encodemountres3(writer: XdrWriter, value: mountres3): void {
  let field = 'fhs_status'
  try {
    writer.writeInt32(value.fhs_status)
    switch (value.fhs_status) {
      case mountstat3.MNT3_OK:
        field = 'mountinfo'
        encodemountres3_ok(writer, value.mountinfo)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'mountres3', field, -1)
  }
}

/** One element; a list of them is an array. */
export interface mountbody {
  readonly ml_hostname: name
  readonly ml_directory: dirpath
}

export function decodemountbody(reader: XdrReader): mountbody {
  let field = 'ml_hostname'
  try {
    const ml_hostname_ = reader.readOpaque(255)
    field = 'ml_directory'
    const ml_directory_ = reader.readOpaque(1024)
    return { ml_hostname: ml_hostname_, ml_directory: ml_directory_ }
  } catch (error) {
    throw XdrError.within(error, 'mountbody', field, -1)
  }
}

export function decodemountbodyList(reader: XdrReader): mountbody[] {
  let index = 0
  try {
    const list: mountbody[] = []
    for (; reader.readBool(); index++) list.push(decodemountbody(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'mountbody', '', index)
  }
}

export function encodemountbody(writer: XdrWriter, value: mountbody): void {
  let field = 'ml_hostname'
  try {
    writer.writeOpaque(value.ml_hostname, 255)
    field = 'ml_directory'
    writer.writeOpaque(value.ml_directory, 1024)
  } catch (error) {
    throw XdrError.within(error, 'mountbody', field, -1)
  }
}

export function encodemountbodyList(writer: XdrWriter, value: readonly mountbody[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encodemountbody(writer, value[index] as mountbody)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'mountbody', '', index)
  }
}

export type mountlist = readonly mountbody[]

export function decodemountlist(reader: XdrReader): mountlist {
  return decodemountbodyList(reader)
}

export function encodemountlist(writer: XdrWriter, value: mountlist): void {
  try {
    encodemountbodyList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'mountlist', '', -1)
  }
}

/** One element; a list of them is an array. */
export interface groupnode {
  readonly gr_name: name
}

export function decodegroupnode(reader: XdrReader): groupnode {
  try {
    const gr_name_ = reader.readOpaque(255)
    return { gr_name: gr_name_ }
  } catch (error) {
    throw XdrError.within(error, 'groupnode', 'gr_name', -1)
  }
}

export function decodegroupnodeList(reader: XdrReader): groupnode[] {
  let index = 0
  try {
    const list: groupnode[] = []
    for (; reader.readBool(); index++) list.push(decodegroupnode(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'groupnode', '', index)
  }
}

export function encodegroupnode(writer: XdrWriter, value: groupnode): void {
  try {
    writer.writeOpaque(value.gr_name, 255)
  } catch (error) {
    throw XdrError.within(error, 'groupnode', 'gr_name', -1)
  }
}

export function encodegroupnodeList(writer: XdrWriter, value: readonly groupnode[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encodegroupnode(writer, value[index] as groupnode)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'groupnode', '', index)
  }
}

export type groups = readonly groupnode[]

export function decodegroups(reader: XdrReader): groups {
  return decodegroupnodeList(reader)
}

export function encodegroups(writer: XdrWriter, value: groups): void {
  try {
    encodegroupnodeList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'groups', '', -1)
  }
}

/** One element; a list of them is an array. */
export interface exportnode {
  readonly ex_dir: dirpath
  readonly ex_groups: groups
}

export function decodeexportnode(reader: XdrReader): exportnode {
  let field = 'ex_dir'
  try {
    const ex_dir_ = reader.readOpaque(1024)
    field = 'ex_groups'
    const ex_groups_ = decodegroupnodeList(reader)
    return { ex_dir: ex_dir_, ex_groups: ex_groups_ }
  } catch (error) {
    throw XdrError.within(error, 'exportnode', field, -1)
  }
}

export function decodeexportnodeList(reader: XdrReader): exportnode[] {
  let index = 0
  try {
    const list: exportnode[] = []
    for (; reader.readBool(); index++) list.push(decodeexportnode(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'exportnode', '', index)
  }
}

export function encodeexportnode(writer: XdrWriter, value: exportnode): void {
  let field = 'ex_dir'
  try {
    writer.writeOpaque(value.ex_dir, 1024)
    field = 'ex_groups'
    encodegroupnodeList(writer, value.ex_groups)
  } catch (error) {
    throw XdrError.within(error, 'exportnode', field, -1)
  }
}

export function encodeexportnodeList(writer: XdrWriter, value: readonly exportnode[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encodeexportnode(writer, value[index] as exportnode)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'exportnode', '', index)
  }
}

export type exports = readonly exportnode[]

export function decodeexports(reader: XdrReader): exports {
  return decodeexportnodeList(reader)
}

export function encodeexports(writer: XdrWriter, value: exports): void {
  try {
    encodeexportnodeList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'exports', '', -1)
  }
}

export const MOUNT_PROGRAM = 100005
export const MOUNT_V1 = 1
export const MOUNT_V1_PROCEDURES = {
  MOUNTPROC_NULL: {
    number: 0,
    name: 'MOUNTPROC_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  MOUNTPROC_MNT: {
    number: 1,
    name: 'MOUNTPROC_MNT',
    decodeArguments: decodedirpath,
    encodeArguments: encodedirpath,
    decodeResult: decodefhstatus,
    encodeResult: encodefhstatus,
  } satisfies Procedure<dirpath, fhstatus>,
  MOUNTPROC_DUMP: {
    number: 2,
    name: 'MOUNTPROC_DUMP',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodemountlist,
    encodeResult: encodemountlist,
  } satisfies Procedure<undefined, mountlist>,
  MOUNTPROC_UMNT: {
    number: 3,
    name: 'MOUNTPROC_UMNT',
    decodeArguments: decodedirpath,
    encodeArguments: encodedirpath,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<dirpath, undefined>,
  MOUNTPROC_UMNTALL: {
    number: 4,
    name: 'MOUNTPROC_UMNTALL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  MOUNTPROC_EXPORT: {
    number: 5,
    name: 'MOUNTPROC_EXPORT',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeexports,
    encodeResult: encodeexports,
  } satisfies Procedure<undefined, exports>,
} as const
export const MOUNT_V3 = 3
export const MOUNT_V3_PROCEDURES = {
  MOUNTPROC3_NULL: {
    number: 0,
    name: 'MOUNTPROC3_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  MOUNTPROC3_MNT: {
    number: 1,
    name: 'MOUNTPROC3_MNT',
    decodeArguments: decodedirpath,
    encodeArguments: encodedirpath,
    decodeResult: decodemountres3,
    encodeResult: encodemountres3,
  } satisfies Procedure<dirpath, mountres3>,
  MOUNTPROC3_DUMP: {
    number: 2,
    name: 'MOUNTPROC3_DUMP',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodemountlist,
    encodeResult: encodemountlist,
  } satisfies Procedure<undefined, mountlist>,
  MOUNTPROC3_UMNT: {
    number: 3,
    name: 'MOUNTPROC3_UMNT',
    decodeArguments: decodedirpath,
    encodeArguments: encodedirpath,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<dirpath, undefined>,
  MOUNTPROC3_UMNTALL: {
    number: 4,
    name: 'MOUNTPROC3_UMNTALL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  MOUNTPROC3_EXPORT: {
    number: 5,
    name: 'MOUNTPROC3_EXPORT',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeexports,
    encodeResult: encodeexports,
  } satisfies Procedure<undefined, exports>,
} as const
