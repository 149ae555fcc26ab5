// Generated from rpc.x by xdr-parser; do not edit.
import { asUint32 } from '../range.ts'
import type { XdrReader } from '../reader.ts'
import type { XdrWriter } from '../writer.ts'
import { XdrError } from '../xdr-error.ts'

export const RPC_VERSION = 2

export const AUTH_BODY_BYTES_MAX = 400

export const AUTHSYS_MACHINENAME_BYTES_MAX = 255

export const AUTHSYS_GIDS_MAX = 16

export const auth_flavor = {
  AUTH_NONE: 0,
  AUTH_SYS: 1,
  AUTH_SHORT: 2,
  AUTH_DH: 3,
  RPCSEC_GSS: 6,
} as const
export type auth_flavor = (typeof auth_flavor)[keyof typeof auth_flavor]

export function decodeauth_flavor(reader: XdrReader): auth_flavor {
  const value = reader.readInt32()
  switch (value) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 6:
      return value
    default:
      throw new XdrError(`${value} is not a value of auth_flavor`)
  }
}

export function encodeauth_flavor(writer: XdrWriter, value: auth_flavor): void {
  writer.writeInt32(value)
}

export interface opaque_auth {
  readonly flavor: number
  readonly body: Uint8Array
}

export function decodeopaque_auth(reader: XdrReader): opaque_auth {
  let field = 'flavor'
  try {
    const flavor_ = reader.readUint32()
    field = 'body'
    const body_ = reader.readOpaque(400)
    return { flavor: flavor_, body: body_ }
  } catch (error) {
    throw XdrError.within(error, 'opaque_auth', field, -1)
  }
}

export function encodeopaque_auth(writer: XdrWriter, value: opaque_auth): void {
  let field = 'flavor'
  try {
    writer.writeUint32(value.flavor)
    field = 'body'
    writer.writeOpaque(value.body, 400)
  } catch (error) {
    throw XdrError.within(error, 'opaque_auth', field, -1)
  }
}

export interface authsys_parms {
  readonly stamp: number
  readonly machinename: Uint8Array
  readonly uid: number
  readonly gid: number
  readonly gids: readonly number[]
}

export function decodeauthsys_parms(reader: XdrReader): authsys_parms {
  let field = 'stamp'
  let index = -1
  try {
    const stamp_ = reader.readUint32()
    field = 'machinename'
    const machinename_ = reader.readOpaque(255)
    field = 'uid'
    const uid_ = reader.readUint32()
    field = 'gid'
    const gid_ = reader.readUint32()
    field = 'gids'
    const gids_count = reader.readCount(16, 4)
    const gids_: number[] = []
    for (index = 0; index < gids_count; index++) {
      gids_.push(reader.readUint32())
    }
    index = -1
    return { stamp: stamp_, machinename: machinename_, uid: uid_, gid: gid_, gids: gids_ }
  } catch (error) {
    throw XdrError.within(error, 'authsys_parms', field, index)
  }
}

export function encodeauthsys_parms(writer: XdrWriter, value: authsys_parms): void {
  let field = 'stamp'
  let index = -1
  try {
    writer.writeUint32(value.stamp)
    field = 'machinename'
    writer.writeOpaque(value.machinename, 255)
    field = 'uid'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.uid))
    field = 'gid'
    view0.setUint32(at0 + 4, asUint32(value.gid))
    field = 'gids'
    writer.writeCount(value.gids.length, 16)
    for (index = 0; index < value.gids.length; index++) {
      const element = value.gids[index] as number
      writer.writeUint32(element)
    }
    index = -1
  } catch (error) {
    throw XdrError.within(error, 'authsys_parms', field, index)
  }
}

export const msg_type = {
  CALL: 0,
  REPLY: 1,
} as const
export type msg_type = (typeof msg_type)[keyof typeof msg_type]

export function decodemsg_type(reader: XdrReader): msg_type {
  const value = reader.readInt32()
  if (value < 0 || value > 1) throw new XdrError(`${value} is not a value of msg_type`)
  return value as msg_type
}

export function encodemsg_type(writer: XdrWriter, value: msg_type): void {
  writer.writeInt32(value)
}

export const reply_stat = {
  MSG_ACCEPTED: 0,
  MSG_DENIED: 1,
} as const
export type reply_stat = (typeof reply_stat)[keyof typeof reply_stat]

export function decodereply_stat(reader: XdrReader): reply_stat {
  const value = reader.readInt32()
  if (value < 0 || value > 1) throw new XdrError(`${value} is not a value of reply_stat`)
  return value as reply_stat
}

export function encodereply_stat(writer: XdrWriter, value: reply_stat): void {
  writer.writeInt32(value)
}

export const accept_stat = {
  SUCCESS: 0,
  PROG_UNAVAIL: 1,
  PROG_MISMATCH: 2,
  PROC_UNAVAIL: 3,
  GARBAGE_ARGS: 4,
  SYSTEM_ERR: 5,
} as const
export type accept_stat = (typeof accept_stat)[keyof typeof accept_stat]

export function decodeaccept_stat(reader: XdrReader): accept_stat {
  const value = reader.readInt32()
  if (value < 0 || value > 5) throw new XdrError(`${value} is not a value of accept_stat`)
  return value as accept_stat
}

export function encodeaccept_stat(writer: XdrWriter, value: accept_stat): void {
  writer.writeInt32(value)
}

export const reject_stat = {
  RPC_MISMATCH: 0,
  AUTH_ERROR: 1,
} as const
export type reject_stat = (typeof reject_stat)[keyof typeof reject_stat]

export function decodereject_stat(reader: XdrReader): reject_stat {
  const value = reader.readInt32()
  if (value < 0 || value > 1) throw new XdrError(`${value} is not a value of reject_stat`)
  return value as reject_stat
}

export function encodereject_stat(writer: XdrWriter, value: reject_stat): void {
  writer.writeInt32(value)
}

export const auth_stat = {
  AUTH_OK: 0,
  AUTH_BADCRED: 1,
  AUTH_REJECTEDCRED: 2,
  AUTH_BADVERF: 3,
  AUTH_REJECTEDVERF: 4,
  AUTH_TOOWEAK: 5,
  AUTH_INVALIDRESP: 6,
  AUTH_FAILED: 7,
  AUTH_KERB_GENERIC: 8,
  AUTH_TIMEEXPIRE: 9,
  AUTH_TKT_FILE: 10,
  AUTH_DECODE: 11,
  AUTH_NET_ADDR: 12,
  RPCSEC_GSS_CREDPROBLEM: 13,
  RPCSEC_GSS_CTXPROBLEM: 14,
} as const
export type auth_stat = (typeof auth_stat)[keyof typeof auth_stat]

export function decodeauth_stat(reader: XdrReader): auth_stat {
  const value = reader.readInt32()
  if (value < 0 || value > 14) throw new XdrError(`${value} is not a value of auth_stat`)
  return value as auth_stat
}

export function encodeauth_stat(writer: XdrWriter, value: auth_stat): void {
  writer.writeInt32(value)
}

export interface call_body {
  readonly rpcvers: number
  readonly prog: number
  readonly vers: number
  readonly proc: number
  readonly cred: opaque_auth
  readonly verf: opaque_auth
}

export function decodecall_body(reader: XdrReader): call_body {
  let field = 'rpcvers'
  try {
    const rpcvers_ = reader.readUint32()
    field = 'prog'
    const prog_ = reader.readUint32()
    field = 'vers'
    const vers_ = reader.readUint32()
    field = 'proc'
    const proc_ = reader.readUint32()
    field = 'cred'
    const cred_ = decodeopaque_auth(reader)
    field = 'verf'
    const verf_ = decodeopaque_auth(reader)
    return { rpcvers: rpcvers_, prog: prog_, vers: vers_, proc: proc_, cred: cred_, verf: verf_ }
  } catch (error) {
    throw XdrError.within(error, 'call_body', field, -1)
  }
}

export function encodecall_body(writer: XdrWriter, value: call_body): void {
  let field = 'rpcvers'
  try {
    const at0 = writer.take(16)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.rpcvers))
    field = 'prog'
    view0.setUint32(at0 + 4, asUint32(value.prog))
    field = 'vers'
    view0.setUint32(at0 + 8, asUint32(value.vers))
    field = 'proc'
    view0.setUint32(at0 + 12, asUint32(value.proc))
    field = 'cred'
    encodeopaque_auth(writer, value.cred)
    field = 'verf'
    encodeopaque_auth(writer, value.verf)
  } catch (error) {
    throw XdrError.within(error, 'call_body', field, -1)
  }
}

export interface mismatch {
  readonly low: number
  readonly high: number
}

export function decodemismatch(reader: XdrReader): mismatch {
  let field = 'low'
  try {
    const low_ = reader.readUint32()
    field = 'high'
    const high_ = reader.readUint32()
    return { low: low_, high: high_ }
  } catch (error) {
    throw XdrError.within(error, 'mismatch', field, -1)
  }
}

export function encodemismatch(writer: XdrWriter, value: mismatch): void {
  let field = 'low'
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.low))
    field = 'high'
    view0.setUint32(at0 + 4, asUint32(value.high))
  } catch (error) {
    throw XdrError.within(error, 'mismatch', field, -1)
  }
}

export type accepted_reply_reply_data =
  | { readonly stat: typeof accept_stat.SUCCESS }
  | { readonly stat: typeof accept_stat.PROG_MISMATCH; readonly mismatch_info: mismatch }
  | { readonly stat: Exclude<accept_stat, typeof accept_stat.SUCCESS | typeof accept_stat.PROG_MISMATCH> }

export function decodeaccepted_reply_reply_data(reader: XdrReader): accepted_reply_reply_data {
  let field = 'stat'
  try {
    const stat_ = decodeaccept_stat(reader)
    switch (stat_) {
      case accept_stat.SUCCESS: {
        return { stat: stat_ }
      }
      case accept_stat.PROG_MISMATCH: {
        field = 'mismatch_info'
        const mismatch_info_ = decodemismatch(reader)
        return { stat: stat_, mismatch_info: mismatch_info_ }
      }
      default: {
        return { stat: stat_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'accepted_reply_reply_data', field, -1)
  }
}

export function encodeaccepted_reply_reply_data(writer: XdrWriter, value: accepted_reply_reply_data): void {
  let field = 'stat'
  try {
    writer.writeInt32(value.stat)
    switch (value.stat) {
      case accept_stat.SUCCESS:
        return
      case accept_stat.PROG_MISMATCH:
        field = 'mismatch_info'
        encodemismatch(writer, value.mismatch_info)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'accepted_reply_reply_data', field, -1)
  }
}

export interface accepted_reply {
  readonly verf: opaque_auth
  readonly reply_data: accepted_reply_reply_data
}

export function decodeaccepted_reply(reader: XdrReader): accepted_reply {
  let field = 'verf'
  try {
    const verf_ = decodeopaque_auth(reader)
    field = 'reply_data'
    const reply_data_ = decodeaccepted_reply_reply_data(reader)
    return { verf: verf_, reply_data: reply_data_ }
  } catch (error) {
    throw XdrError.within(error, 'accepted_reply', field, -1)
  }
}

export function encodeaccepted_reply(writer: XdrWriter, value: accepted_reply): void {
  let field = 'verf'
  try {
    encodeopaque_auth(writer, value.verf)
    field = 'reply_data'
    encodeaccepted_reply_reply_data(writer, value.reply_data)
  } catch (error) {
    throw XdrError.within(error, 'accepted_reply', field, -1)
  }
}

export type rejected_reply =
  | { readonly stat: typeof reject_stat.RPC_MISMATCH; readonly mismatch_info: mismatch }
  | { readonly stat: typeof reject_stat.AUTH_ERROR; readonly why: auth_stat }

export function decoderejected_reply(reader: XdrReader): rejected_reply {
  let field = 'stat'
  try {
    const stat_ = decodereject_stat(reader)
    switch (stat_) {
      case reject_stat.RPC_MISMATCH: {
        field = 'mismatch_info'
        const mismatch_info_ = decodemismatch(reader)
        return { stat: stat_, mismatch_info: mismatch_info_ }
      }
      case reject_stat.AUTH_ERROR: {
        field = 'why'
        const why_ = decodeauth_stat(reader)
        return { stat: stat_, why: why_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'rejected_reply', field, -1)
  }
}

export function encoderejected_reply(writer: XdrWriter, value: rejected_reply): void {
  let field = 'stat'
  try {
    writer.writeInt32(value.stat)
    switch (value.stat) {
      case reject_stat.RPC_MISMATCH:
        field = 'mismatch_info'
        encodemismatch(writer, value.mismatch_info)
        return
      case reject_stat.AUTH_ERROR:
        field = 'why'
        writer.writeInt32(value.why)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'rejected_reply', field, -1)
  }
}

export type reply_body =
  | { readonly stat: typeof reply_stat.MSG_ACCEPTED; readonly areply: accepted_reply }
  | { readonly stat: typeof reply_stat.MSG_DENIED; readonly rreply: rejected_reply }

export function decodereply_body(reader: XdrReader): reply_body {
  let field = 'stat'
  try {
    const stat_ = decodereply_stat(reader)
    switch (stat_) {
      case reply_stat.MSG_ACCEPTED: {
        field = 'areply'
        const areply_ = decodeaccepted_reply(reader)
        return { stat: stat_, areply: areply_ }
      }
      case reply_stat.MSG_DENIED: {
        field = 'rreply'
        const rreply_ = decoderejected_reply(reader)
        return { stat: stat_, rreply: rreply_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'reply_body', field, -1)
  }
}

export function encodereply_body(writer: XdrWriter, value: reply_body): void {
  let field = 'stat'
  try {
    writer.writeInt32(value.stat)
    switch (value.stat) {
      case reply_stat.MSG_ACCEPTED:
        field = 'areply'
        encodeaccepted_reply(writer, value.areply)
        return
      case reply_stat.MSG_DENIED:
        field = 'rreply'
        encoderejected_reply(writer, value.rreply)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'reply_body', field, -1)
  }
}

export type rpc_msg_body =
  | { readonly mtype: typeof msg_type.CALL; readonly cbody: call_body }
  | { readonly mtype: typeof msg_type.REPLY; readonly rbody: reply_body }

export function decoderpc_msg_body(reader: XdrReader): rpc_msg_body {
  let field = 'mtype'
  try {
    const mtype_ = decodemsg_type(reader)
    switch (mtype_) {
      case msg_type.CALL: {
        field = 'cbody'
        const cbody_ = decodecall_body(reader)
        return { mtype: mtype_, cbody: cbody_ }
      }
      case msg_type.REPLY: {
        field = 'rbody'
        const rbody_ = decodereply_body(reader)
        return { mtype: mtype_, rbody: rbody_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'rpc_msg_body', field, -1)
  }
}

export function encoderpc_msg_body(writer: XdrWriter, value: rpc_msg_body): void {
  let field = 'mtype'
  try {
    writer.writeInt32(value.mtype)
    switch (value.mtype) {
      case msg_type.CALL:
        field = 'cbody'
        encodecall_body(writer, value.cbody)
        return
      case msg_type.REPLY:
        field = 'rbody'
        encodereply_body(writer, value.rbody)
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'rpc_msg_body', field, -1)
  }
}

export interface rpc_msg {
  readonly xid: number
  readonly body: rpc_msg_body
}

export function decoderpc_msg(reader: XdrReader): rpc_msg {
  let field = 'xid'
  try {
    const xid_ = reader.readUint32()
    field = 'body'
    const body_ = decoderpc_msg_body(reader)
    return { xid: xid_, body: body_ }
  } catch (error) {
    throw XdrError.within(error, 'rpc_msg', field, -1)
  }
}

export function encoderpc_msg(writer: XdrWriter, value: rpc_msg): void {
  let field = 'xid'
  try {
    writer.writeUint32(value.xid)
    field = 'body'
    encoderpc_msg_body(writer, value.body)
  } catch (error) {
    throw XdrError.within(error, 'rpc_msg', field, -1)
  }
}
