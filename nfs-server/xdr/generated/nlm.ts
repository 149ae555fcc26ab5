// Generated from nlm.x by xdr-parser; do not edit.
import { decodeVoid, encodeVoid, type Procedure } from '../procedure.ts'
import { asInt32, asUint32, asUint64 } from '../range.ts'
import type { XdrReader } from '../reader.ts'
import type { XdrWriter } from '../writer.ts'
import { XdrError } from '../xdr-error.ts'

export const LM_MAXSTRLEN = 1024

export const MAXNAMELEN = 1025

export const MAXNETOBJ_SZ = 1024

export type netobj = Uint8Array

export function decodenetobj(reader: XdrReader): netobj {
  return reader.readOpaque(1024)
}

export function encodenetobj(writer: XdrWriter, value: netobj): void {
  try {
    writer.writeOpaque(value, 1024)
  } catch (error) {
    throw XdrError.within(error, 'netobj', '', -1)
  }
}

export const nlm_stats = {
  LCK_GRANTED: 0,
  LCK_DENIED: 1,
  LCK_DENIED_NOLOCKS: 2,
  LCK_BLOCKED: 3,
  LCK_DENIED_GRACE_PERIOD: 4,
} as const
export type nlm_stats = (typeof nlm_stats)[keyof typeof nlm_stats]

export function decodenlm_stats(reader: XdrReader): nlm_stats {
  const value = reader.readInt32()
  if (value < 0 || value > 4) throw new XdrError(`${value} is not a value of nlm_stats`)
  return value as nlm_stats
}

export function encodenlm_stats(writer: XdrWriter, value: nlm_stats): void {
  writer.writeInt32(value)
}

export interface nlm_holder {
  readonly exclusive: boolean
  readonly svid: number
  readonly oh: netobj
  readonly l_offset: number
  readonly l_len: number
}

export function decodenlm_holder(reader: XdrReader): nlm_holder {
  let field = 'exclusive'
  try {
    const exclusive_ = reader.readBool()
    field = 'svid'
    const svid_ = reader.readInt32()
    field = 'oh'
    const oh_ = reader.readOpaque(1024)
    field = 'l_offset'
    const l_offset_ = reader.readUint32()
    field = 'l_len'
    const l_len_ = reader.readUint32()
    return { exclusive: exclusive_, svid: svid_, oh: oh_, l_offset: l_offset_, l_len: l_len_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_holder', field, -1)
  }
}

export function encodenlm_holder(writer: XdrWriter, value: nlm_holder): void {
  let field = 'exclusive'
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, Number(value.exclusive))
    field = 'svid'
    view0.setInt32(at0 + 4, asInt32(value.svid))
    field = 'oh'
    writer.writeOpaque(value.oh, 1024)
    field = 'l_offset'
    const at1 = writer.take(8)
    const view1 = writer.view
    view1.setUint32(at1, asUint32(value.l_offset))
    field = 'l_len'
    view1.setUint32(at1 + 4, asUint32(value.l_len))
  } catch (error) {
    throw XdrError.within(error, 'nlm_holder', field, -1)
  }
}

export type nlm_testrply =
  | { readonly stat: typeof nlm_stats.LCK_DENIED; readonly holder: nlm_holder }
  | { readonly stat: Exclude<nlm_stats, typeof nlm_stats.LCK_DENIED> }

export function decodenlm_testrply(reader: XdrReader): nlm_testrply {
  let field = 'stat'
  try {
    const stat_ = decodenlm_stats(reader)
    switch (stat_) {
      case nlm_stats.LCK_DENIED: {
        field = 'holder'
        const holder_ = decodenlm_holder(reader)
        return { stat: stat_, holder: holder_ }
      }
      default: {
        return { stat: stat_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'nlm_testrply', field, -1)
  }
}

export function encodenlm_testrply(writer: XdrWriter, value: nlm_testrply): void {
  let field = 'stat'
  try {
    writer.writeInt32(value.stat)
    switch (value.stat) {
      case nlm_stats.LCK_DENIED:
        field = 'holder'
        encodenlm_holder(writer, value.holder)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'nlm_testrply', field, -1)
  }
}

export interface nlm_stat {
  readonly stat: nlm_stats
}

export function decodenlm_stat(reader: XdrReader): nlm_stat {
  try {
    const stat_ = decodenlm_stats(reader)
    return { stat: stat_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_stat', 'stat', -1)
  }
}

export function encodenlm_stat(writer: XdrWriter, value: nlm_stat): void {
  try {
    writer.writeInt32(value.stat)
  } catch (error) {
    throw XdrError.within(error, 'nlm_stat', 'stat', -1)
  }
}

export interface nlm_res {
  readonly cookie: netobj
  readonly stat: nlm_stat
}

export function decodenlm_res(reader: XdrReader): nlm_res {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'stat'
    const stat_ = decodenlm_stat(reader)
    return { cookie: cookie_, stat: stat_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_res', field, -1)
  }
}

export function encodenlm_res(writer: XdrWriter, value: nlm_res): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'stat'
    encodenlm_stat(writer, value.stat)
  } catch (error) {
    throw XdrError.within(error, 'nlm_res', field, -1)
  }
}

export interface nlm_testres {
  readonly cookie: netobj
  readonly test_stat: nlm_testrply
}

export function decodenlm_testres(reader: XdrReader): nlm_testres {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'test_stat'
    const test_stat_ = decodenlm_testrply(reader)
    return { cookie: cookie_, test_stat: test_stat_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_testres', field, -1)
  }
}

export function encodenlm_testres(writer: XdrWriter, value: nlm_testres): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'test_stat'
    encodenlm_testrply(writer, value.test_stat)
  } catch (error) {
    throw XdrError.within(error, 'nlm_testres', field, -1)
  }
}

export interface nlm_lock {
  readonly caller_name: Uint8Array
  readonly fh: netobj
  readonly oh: netobj
  readonly svid: number
  readonly l_offset: number
  readonly l_len: number
}

export function decodenlm_lock(reader: XdrReader): nlm_lock {
  let field = 'caller_name'
  try {
    const caller_name_ = reader.readOpaque(1024)
    field = 'fh'
    const fh_ = reader.readOpaque(1024)
    field = 'oh'
    const oh_ = reader.readOpaque(1024)
    field = 'svid'
    const svid_ = reader.readInt32()
    field = 'l_offset'
    const l_offset_ = reader.readUint32()
    field = 'l_len'
    const l_len_ = reader.readUint32()
    return { caller_name: caller_name_, fh: fh_, oh: oh_, svid: svid_, l_offset: l_offset_, l_len: l_len_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_lock', field, -1)
  }
}

export function encodenlm_lock(writer: XdrWriter, value: nlm_lock): void {
  let field = 'caller_name'
  try {
    writer.writeOpaque(value.caller_name, 1024)
    field = 'fh'
    writer.writeOpaque(value.fh, 1024)
    field = 'oh'
    writer.writeOpaque(value.oh, 1024)
    field = 'svid'
    const at0 = writer.take(12)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.svid))
    field = 'l_offset'
    view0.setUint32(at0 + 4, asUint32(value.l_offset))
    field = 'l_len'
    view0.setUint32(at0 + 8, asUint32(value.l_len))
  } catch (error) {
    throw XdrError.within(error, 'nlm_lock', field, -1)
  }
}

export interface nlm_lockargs {
  readonly cookie: netobj
  readonly block: boolean
  readonly exclusive: boolean
  readonly alock: nlm_lock
  readonly reclaim: boolean
  readonly state: number
}

export function decodenlm_lockargs(reader: XdrReader): nlm_lockargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'block'
    const block_ = reader.readBool()
    field = 'exclusive'
    const exclusive_ = reader.readBool()
    field = 'alock'
    const alock_ = decodenlm_lock(reader)
    field = 'reclaim'
    const reclaim_ = reader.readBool()
    field = 'state'
    const state_ = reader.readInt32()
    return { cookie: cookie_, block: block_, exclusive: exclusive_, alock: alock_, reclaim: reclaim_, state: state_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_lockargs', field, -1)
  }
}

export function encodenlm_lockargs(writer: XdrWriter, value: nlm_lockargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'block'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, Number(value.block))
    field = 'exclusive'
    view0.setUint32(at0 + 4, Number(value.exclusive))
    field = 'alock'
    encodenlm_lock(writer, value.alock)
    field = 'reclaim'
    const at1 = writer.take(8)
    const view1 = writer.view
    view1.setUint32(at1, Number(value.reclaim))
    field = 'state'
    view1.setInt32(at1 + 4, asInt32(value.state))
  } catch (error) {
    throw XdrError.within(error, 'nlm_lockargs', field, -1)
  }
}

export interface nlm_cancargs {
  readonly cookie: netobj
  readonly block: boolean
  readonly exclusive: boolean
  readonly alock: nlm_lock
}

export function decodenlm_cancargs(reader: XdrReader): nlm_cancargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'block'
    const block_ = reader.readBool()
    field = 'exclusive'
    const exclusive_ = reader.readBool()
    field = 'alock'
    const alock_ = decodenlm_lock(reader)
    return { cookie: cookie_, block: block_, exclusive: exclusive_, alock: alock_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_cancargs', field, -1)
  }
}

export function encodenlm_cancargs(writer: XdrWriter, value: nlm_cancargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'block'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, Number(value.block))
    field = 'exclusive'
    view0.setUint32(at0 + 4, Number(value.exclusive))
    field = 'alock'
    encodenlm_lock(writer, value.alock)
  } catch (error) {
    throw XdrError.within(error, 'nlm_cancargs', field, -1)
  }
}

export interface nlm_testargs {
  readonly cookie: netobj
  readonly exclusive: boolean
  readonly alock: nlm_lock
}

export function decodenlm_testargs(reader: XdrReader): nlm_testargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'exclusive'
    const exclusive_ = reader.readBool()
    field = 'alock'
    const alock_ = decodenlm_lock(reader)
    return { cookie: cookie_, exclusive: exclusive_, alock: alock_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_testargs', field, -1)
  }
}

export function encodenlm_testargs(writer: XdrWriter, value: nlm_testargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'exclusive'
    writer.writeBool(value.exclusive)
    field = 'alock'
    encodenlm_lock(writer, value.alock)
  } catch (error) {
    throw XdrError.within(error, 'nlm_testargs', field, -1)
  }
}

export interface nlm_unlockargs {
  readonly cookie: netobj
  readonly alock: nlm_lock
}

export function decodenlm_unlockargs(reader: XdrReader): nlm_unlockargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'alock'
    const alock_ = decodenlm_lock(reader)
    return { cookie: cookie_, alock: alock_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_unlockargs', field, -1)
  }
}

export function encodenlm_unlockargs(writer: XdrWriter, value: nlm_unlockargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'alock'
    encodenlm_lock(writer, value.alock)
  } catch (error) {
    throw XdrError.within(error, 'nlm_unlockargs', field, -1)
  }
}

export const fsh_mode = {
  fsm_DN: 0,
  fsm_DR: 1,
  fsm_DW: 2,
  fsm_DRW: 3,
} as const
export type fsh_mode = (typeof fsh_mode)[keyof typeof fsh_mode]

export function decodefsh_mode(reader: XdrReader): fsh_mode {
  const value = reader.readInt32()
  if (value < 0 || value > 3) throw new XdrError(`${value} is not a value of fsh_mode`)
  return value as fsh_mode
}

export function encodefsh_mode(writer: XdrWriter, value: fsh_mode): void {
  writer.writeInt32(value)
}

export const fsh_access = {
  fsa_NONE: 0,
  fsa_R: 1,
  fsa_W: 2,
  fsa_RW: 3,
} as const
export type fsh_access = (typeof fsh_access)[keyof typeof fsh_access]

export function decodefsh_access(reader: XdrReader): fsh_access {
  const value = reader.readInt32()
  if (value < 0 || value > 3) throw new XdrError(`${value} is not a value of fsh_access`)
  return value as fsh_access
}

export function encodefsh_access(writer: XdrWriter, value: fsh_access): void {
  writer.writeInt32(value)
}

export interface nlm_share {
  readonly caller_name: Uint8Array
  readonly fh: netobj
  readonly oh: netobj
  readonly mode: fsh_mode
  readonly access: fsh_access
}

export function decodenlm_share(reader: XdrReader): nlm_share {
  let field = 'caller_name'
  try {
    const caller_name_ = reader.readOpaque(1024)
    field = 'fh'
    const fh_ = reader.readOpaque(1024)
    field = 'oh'
    const oh_ = reader.readOpaque(1024)
    field = 'mode'
    const mode_ = decodefsh_mode(reader)
    field = 'access'
    const access_ = decodefsh_access(reader)
    return { caller_name: caller_name_, fh: fh_, oh: oh_, mode: mode_, access: access_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_share', field, -1)
  }
}

export function encodenlm_share(writer: XdrWriter, value: nlm_share): void {
  let field = 'caller_name'
  try {
    writer.writeOpaque(value.caller_name, 1024)
    field = 'fh'
    writer.writeOpaque(value.fh, 1024)
    field = 'oh'
    writer.writeOpaque(value.oh, 1024)
    field = 'mode'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.mode))
    field = 'access'
    view0.setInt32(at0 + 4, asInt32(value.access))
  } catch (error) {
    throw XdrError.within(error, 'nlm_share', field, -1)
  }
}

export interface nlm_shareargs {
  readonly cookie: netobj
  readonly share: nlm_share
  readonly reclaim: boolean
}

export function decodenlm_shareargs(reader: XdrReader): nlm_shareargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'share'
    const share_ = decodenlm_share(reader)
    field = 'reclaim'
    const reclaim_ = reader.readBool()
    return { cookie: cookie_, share: share_, reclaim: reclaim_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_shareargs', field, -1)
  }
}

export function encodenlm_shareargs(writer: XdrWriter, value: nlm_shareargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'share'
    encodenlm_share(writer, value.share)
    field = 'reclaim'
    writer.writeBool(value.reclaim)
  } catch (error) {
    throw XdrError.within(error, 'nlm_shareargs', field, -1)
  }
}

export interface nlm_shareres {
  readonly cookie: netobj
  readonly stat: nlm_stats
  readonly sequence: number
}

export function decodenlm_shareres(reader: XdrReader): nlm_shareres {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'stat'
    const stat_ = decodenlm_stats(reader)
    field = 'sequence'
    const sequence_ = reader.readInt32()
    return { cookie: cookie_, stat: stat_, sequence: sequence_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_shareres', field, -1)
  }
}

export function encodenlm_shareres(writer: XdrWriter, value: nlm_shareres): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'stat'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.stat))
    field = 'sequence'
    view0.setInt32(at0 + 4, asInt32(value.sequence))
  } catch (error) {
    throw XdrError.within(error, 'nlm_shareres', field, -1)
  }
}

export interface nlm_notify {
  readonly name: Uint8Array
  readonly state: number
}

export function decodenlm_notify(reader: XdrReader): nlm_notify {
  let field = 'name'
  try {
    const name_ = reader.readOpaque(1025)
    field = 'state'
    const state_ = reader.readInt32()
    return { name: name_, state: state_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm_notify', field, -1)
  }
}

export function encodenlm_notify(writer: XdrWriter, value: nlm_notify): void {
  let field = 'name'
  try {
    writer.writeOpaque(value.name, 1025)
    field = 'state'
    writer.writeInt32(value.state)
  } catch (error) {
    throw XdrError.within(error, 'nlm_notify', field, -1)
  }
}

export const nlm4_stats = {
  NLM4_GRANTED: 0,
  NLM4_DENIED: 1,
  NLM4_DENIED_NOLOCKS: 2,
  NLM4_BLOCKED: 3,
  NLM4_DENIED_GRACE_PERIOD: 4,
  NLM4_DEADLCK: 5,
  NLM4_ROFS: 6,
  NLM4_STALE_FH: 7,
  NLM4_FBIG: 8,
  NLM4_FAILED: 9,
} as const
export type nlm4_stats = (typeof nlm4_stats)[keyof typeof nlm4_stats]

export function decodenlm4_stats(reader: XdrReader): nlm4_stats {
  const value = reader.readInt32()
  if (value < 0 || value > 9) throw new XdrError(`${value} is not a value of nlm4_stats`)
  return value as nlm4_stats
}

export function encodenlm4_stats(writer: XdrWriter, value: nlm4_stats): void {
  writer.writeInt32(value)
}

export interface nlm4_holder {
  readonly exclusive: boolean
  readonly svid: number
  readonly oh: netobj
  readonly l_offset: bigint
  readonly l_len: bigint
}

export function decodenlm4_holder(reader: XdrReader): nlm4_holder {
  let field = 'exclusive'
  try {
    const exclusive_ = reader.readBool()
    field = 'svid'
    const svid_ = reader.readInt32()
    field = 'oh'
    const oh_ = reader.readOpaque(1024)
    field = 'l_offset'
    const l_offset_ = reader.readUint64()
    field = 'l_len'
    const l_len_ = reader.readUint64()
    return { exclusive: exclusive_, svid: svid_, oh: oh_, l_offset: l_offset_, l_len: l_len_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_holder', field, -1)
  }
}

export function encodenlm4_holder(writer: XdrWriter, value: nlm4_holder): void {
  let field = 'exclusive'
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, Number(value.exclusive))
    field = 'svid'
    view0.setInt32(at0 + 4, asInt32(value.svid))
    field = 'oh'
    writer.writeOpaque(value.oh, 1024)
    field = 'l_offset'
    const at1 = writer.take(16)
    const view1 = writer.view
    view1.setBigUint64(at1, asUint64(value.l_offset))
    field = 'l_len'
    view1.setBigUint64(at1 + 8, asUint64(value.l_len))
  } catch (error) {
    throw XdrError.within(error, 'nlm4_holder', field, -1)
  }
}

export type nlm4_testrply =
  | { readonly stat: typeof nlm4_stats.NLM4_DENIED; readonly holder: nlm4_holder }
  | { readonly stat: Exclude<nlm4_stats, typeof nlm4_stats.NLM4_DENIED> }

export function decodenlm4_testrply(reader: XdrReader): nlm4_testrply {
  let field = 'stat'
  try {
    const stat_ = decodenlm4_stats(reader)
    switch (stat_) {
      case nlm4_stats.NLM4_DENIED: {
        field = 'holder'
        const holder_ = decodenlm4_holder(reader)
        return { stat: stat_, holder: holder_ }
      }
      default: {
        return { stat: stat_ }
      }
    }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_testrply', field, -1)
  }
}

export function encodenlm4_testrply(writer: XdrWriter, value: nlm4_testrply): void {
  let field = 'stat'
  try {
    writer.writeInt32(value.stat)
    switch (value.stat) {
      case nlm4_stats.NLM4_DENIED:
        field = 'holder'
        encodenlm4_holder(writer, value.holder)
        return
      default:
        return
    }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_testrply', field, -1)
  }
}

export interface nlm4_stat {
  readonly stat: nlm4_stats
}

export function decodenlm4_stat(reader: XdrReader): nlm4_stat {
  try {
    const stat_ = decodenlm4_stats(reader)
    return { stat: stat_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_stat', 'stat', -1)
  }
}

export function encodenlm4_stat(writer: XdrWriter, value: nlm4_stat): void {
  try {
    writer.writeInt32(value.stat)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_stat', 'stat', -1)
  }
}

export interface nlm4_res {
  readonly cookie: netobj
  readonly stat: nlm4_stat
}

export function decodenlm4_res(reader: XdrReader): nlm4_res {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'stat'
    const stat_ = decodenlm4_stat(reader)
    return { cookie: cookie_, stat: stat_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_res', field, -1)
  }
}

export function encodenlm4_res(writer: XdrWriter, value: nlm4_res): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'stat'
    encodenlm4_stat(writer, value.stat)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_res', field, -1)
  }
}

export interface nlm4_testres {
  readonly cookie: netobj
  readonly test_stat: nlm4_testrply
}

export function decodenlm4_testres(reader: XdrReader): nlm4_testres {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'test_stat'
    const test_stat_ = decodenlm4_testrply(reader)
    return { cookie: cookie_, test_stat: test_stat_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_testres', field, -1)
  }
}

export function encodenlm4_testres(writer: XdrWriter, value: nlm4_testres): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'test_stat'
    encodenlm4_testrply(writer, value.test_stat)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_testres', field, -1)
  }
}

export interface nlm4_lock {
  readonly caller_name: Uint8Array
  readonly fh: netobj
  readonly oh: netobj
  readonly svid: number
  readonly l_offset: bigint
  readonly l_len: bigint
}

export function decodenlm4_lock(reader: XdrReader): nlm4_lock {
  let field = 'caller_name'
  try {
    const caller_name_ = reader.readOpaque(1024)
    field = 'fh'
    const fh_ = reader.readOpaque(1024)
    field = 'oh'
    const oh_ = reader.readOpaque(1024)
    field = 'svid'
    const svid_ = reader.readInt32()
    field = 'l_offset'
    const l_offset_ = reader.readUint64()
    field = 'l_len'
    const l_len_ = reader.readUint64()
    return { caller_name: caller_name_, fh: fh_, oh: oh_, svid: svid_, l_offset: l_offset_, l_len: l_len_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_lock', field, -1)
  }
}

export function encodenlm4_lock(writer: XdrWriter, value: nlm4_lock): void {
  let field = 'caller_name'
  try {
    writer.writeOpaque(value.caller_name, 1024)
    field = 'fh'
    writer.writeOpaque(value.fh, 1024)
    field = 'oh'
    writer.writeOpaque(value.oh, 1024)
    field = 'svid'
    const at0 = writer.take(20)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.svid))
    field = 'l_offset'
    view0.setBigUint64(at0 + 4, asUint64(value.l_offset))
    field = 'l_len'
    view0.setBigUint64(at0 + 12, asUint64(value.l_len))
  } catch (error) {
    throw XdrError.within(error, 'nlm4_lock', field, -1)
  }
}

export interface nlm4_lockargs {
  readonly cookie: netobj
  readonly block: boolean
  readonly exclusive: boolean
  readonly alock: nlm4_lock
  readonly reclaim: boolean
  readonly state: number
}

export function decodenlm4_lockargs(reader: XdrReader): nlm4_lockargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'block'
    const block_ = reader.readBool()
    field = 'exclusive'
    const exclusive_ = reader.readBool()
    field = 'alock'
    const alock_ = decodenlm4_lock(reader)
    field = 'reclaim'
    const reclaim_ = reader.readBool()
    field = 'state'
    const state_ = reader.readInt32()
    return { cookie: cookie_, block: block_, exclusive: exclusive_, alock: alock_, reclaim: reclaim_, state: state_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_lockargs', field, -1)
  }
}

export function encodenlm4_lockargs(writer: XdrWriter, value: nlm4_lockargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'block'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, Number(value.block))
    field = 'exclusive'
    view0.setUint32(at0 + 4, Number(value.exclusive))
    field = 'alock'
    encodenlm4_lock(writer, value.alock)
    field = 'reclaim'
    const at1 = writer.take(8)
    const view1 = writer.view
    view1.setUint32(at1, Number(value.reclaim))
    field = 'state'
    view1.setInt32(at1 + 4, asInt32(value.state))
  } catch (error) {
    throw XdrError.within(error, 'nlm4_lockargs', field, -1)
  }
}

export interface nlm4_cancargs {
  readonly cookie: netobj
  readonly block: boolean
  readonly exclusive: boolean
  readonly alock: nlm4_lock
}

export function decodenlm4_cancargs(reader: XdrReader): nlm4_cancargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'block'
    const block_ = reader.readBool()
    field = 'exclusive'
    const exclusive_ = reader.readBool()
    field = 'alock'
    const alock_ = decodenlm4_lock(reader)
    return { cookie: cookie_, block: block_, exclusive: exclusive_, alock: alock_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_cancargs', field, -1)
  }
}

export function encodenlm4_cancargs(writer: XdrWriter, value: nlm4_cancargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'block'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, Number(value.block))
    field = 'exclusive'
    view0.setUint32(at0 + 4, Number(value.exclusive))
    field = 'alock'
    encodenlm4_lock(writer, value.alock)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_cancargs', field, -1)
  }
}

export interface nlm4_testargs {
  readonly cookie: netobj
  readonly exclusive: boolean
  readonly alock: nlm4_lock
}

export function decodenlm4_testargs(reader: XdrReader): nlm4_testargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'exclusive'
    const exclusive_ = reader.readBool()
    field = 'alock'
    const alock_ = decodenlm4_lock(reader)
    return { cookie: cookie_, exclusive: exclusive_, alock: alock_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_testargs', field, -1)
  }
}

export function encodenlm4_testargs(writer: XdrWriter, value: nlm4_testargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'exclusive'
    writer.writeBool(value.exclusive)
    field = 'alock'
    encodenlm4_lock(writer, value.alock)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_testargs', field, -1)
  }
}

export interface nlm4_unlockargs {
  readonly cookie: netobj
  readonly alock: nlm4_lock
}

export function decodenlm4_unlockargs(reader: XdrReader): nlm4_unlockargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'alock'
    const alock_ = decodenlm4_lock(reader)
    return { cookie: cookie_, alock: alock_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_unlockargs', field, -1)
  }
}

export function encodenlm4_unlockargs(writer: XdrWriter, value: nlm4_unlockargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'alock'
    encodenlm4_lock(writer, value.alock)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_unlockargs', field, -1)
  }
}

export interface nlm4_share {
  readonly caller_name: Uint8Array
  readonly fh: netobj
  readonly oh: netobj
  readonly mode: fsh_mode
  readonly access: fsh_access
}

export function decodenlm4_share(reader: XdrReader): nlm4_share {
  let field = 'caller_name'
  try {
    const caller_name_ = reader.readOpaque(1024)
    field = 'fh'
    const fh_ = reader.readOpaque(1024)
    field = 'oh'
    const oh_ = reader.readOpaque(1024)
    field = 'mode'
    const mode_ = decodefsh_mode(reader)
    field = 'access'
    const access_ = decodefsh_access(reader)
    return { caller_name: caller_name_, fh: fh_, oh: oh_, mode: mode_, access: access_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_share', field, -1)
  }
}

export function encodenlm4_share(writer: XdrWriter, value: nlm4_share): void {
  let field = 'caller_name'
  try {
    writer.writeOpaque(value.caller_name, 1024)
    field = 'fh'
    writer.writeOpaque(value.fh, 1024)
    field = 'oh'
    writer.writeOpaque(value.oh, 1024)
    field = 'mode'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.mode))
    field = 'access'
    view0.setInt32(at0 + 4, asInt32(value.access))
  } catch (error) {
    throw XdrError.within(error, 'nlm4_share', field, -1)
  }
}

export interface nlm4_shareargs {
  readonly cookie: netobj
  readonly share: nlm4_share
  readonly reclaim: boolean
}

export function decodenlm4_shareargs(reader: XdrReader): nlm4_shareargs {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'share'
    const share_ = decodenlm4_share(reader)
    field = 'reclaim'
    const reclaim_ = reader.readBool()
    return { cookie: cookie_, share: share_, reclaim: reclaim_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_shareargs', field, -1)
  }
}

export function encodenlm4_shareargs(writer: XdrWriter, value: nlm4_shareargs): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'share'
    encodenlm4_share(writer, value.share)
    field = 'reclaim'
    writer.writeBool(value.reclaim)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_shareargs', field, -1)
  }
}

export interface nlm4_shareres {
  readonly cookie: netobj
  readonly stat: nlm4_stats
  readonly sequence: number
}

export function decodenlm4_shareres(reader: XdrReader): nlm4_shareres {
  let field = 'cookie'
  try {
    const cookie_ = reader.readOpaque(1024)
    field = 'stat'
    const stat_ = decodenlm4_stats(reader)
    field = 'sequence'
    const sequence_ = reader.readInt32()
    return { cookie: cookie_, stat: stat_, sequence: sequence_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_shareres', field, -1)
  }
}

export function encodenlm4_shareres(writer: XdrWriter, value: nlm4_shareres): void {
  let field = 'cookie'
  try {
    writer.writeOpaque(value.cookie, 1024)
    field = 'stat'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.stat))
    field = 'sequence'
    view0.setInt32(at0 + 4, asInt32(value.sequence))
  } catch (error) {
    throw XdrError.within(error, 'nlm4_shareres', field, -1)
  }
}

export interface nlm4_notify {
  readonly name: Uint8Array
  readonly state: number
}

export function decodenlm4_notify(reader: XdrReader): nlm4_notify {
  let field = 'name'
  try {
    const name_ = reader.readOpaque(1025)
    field = 'state'
    const state_ = reader.readInt32()
    return { name: name_, state: state_ }
  } catch (error) {
    throw XdrError.within(error, 'nlm4_notify', field, -1)
  }
}

export function encodenlm4_notify(writer: XdrWriter, value: nlm4_notify): void {
  let field = 'name'
  try {
    writer.writeOpaque(value.name, 1025)
    field = 'state'
    writer.writeInt32(value.state)
  } catch (error) {
    throw XdrError.within(error, 'nlm4_notify', field, -1)
  }
}

export const NLM_PROG = 100021
export const NLM_VERS = 1
export const NLM_VERS_PROCEDURES = {
  NLM_NULL: {
    number: 0,
    name: 'NLM_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  NLM_TEST: {
    number: 1,
    name: 'NLM_TEST',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodenlm_testres,
    encodeResult: encodenlm_testres,
  } satisfies Procedure<nlm_testargs, nlm_testres>,
  NLM_LOCK: {
    number: 2,
    name: 'NLM_LOCK',
    decodeArguments: decodenlm_lockargs,
    encodeArguments: encodenlm_lockargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_lockargs, nlm_res>,
  NLM_CANCEL: {
    number: 3,
    name: 'NLM_CANCEL',
    decodeArguments: decodenlm_cancargs,
    encodeArguments: encodenlm_cancargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_cancargs, nlm_res>,
  NLM_UNLOCK: {
    number: 4,
    name: 'NLM_UNLOCK',
    decodeArguments: decodenlm_unlockargs,
    encodeArguments: encodenlm_unlockargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_unlockargs, nlm_res>,
  NLM_GRANTED: {
    number: 5,
    name: 'NLM_GRANTED',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_testargs, nlm_res>,
  NLM_TEST_MSG: {
    number: 6,
    name: 'NLM_TEST_MSG',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_testargs, undefined>,
  NLM_LOCK_MSG: {
    number: 7,
    name: 'NLM_LOCK_MSG',
    decodeArguments: decodenlm_lockargs,
    encodeArguments: encodenlm_lockargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_lockargs, undefined>,
  NLM_CANCEL_MSG: {
    number: 8,
    name: 'NLM_CANCEL_MSG',
    decodeArguments: decodenlm_cancargs,
    encodeArguments: encodenlm_cancargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_cancargs, undefined>,
  NLM_UNLOCK_MSG: {
    number: 9,
    name: 'NLM_UNLOCK_MSG',
    decodeArguments: decodenlm_unlockargs,
    encodeArguments: encodenlm_unlockargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_unlockargs, undefined>,
  NLM_GRANTED_MSG: {
    number: 10,
    name: 'NLM_GRANTED_MSG',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_testargs, undefined>,
  NLM_TEST_RES: {
    number: 11,
    name: 'NLM_TEST_RES',
    decodeArguments: decodenlm_testres,
    encodeArguments: encodenlm_testres,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_testres, undefined>,
  NLM_LOCK_RES: {
    number: 12,
    name: 'NLM_LOCK_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
  NLM_CANCEL_RES: {
    number: 13,
    name: 'NLM_CANCEL_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
  NLM_UNLOCK_RES: {
    number: 14,
    name: 'NLM_UNLOCK_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
  NLM_GRANTED_RES: {
    number: 15,
    name: 'NLM_GRANTED_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
} as const
export const NLM_VERSX = 3
export const NLM_VERSX_PROCEDURES = {
  NLM3_NULL: {
    number: 0,
    name: 'NLM3_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  NLM3_TEST: {
    number: 1,
    name: 'NLM3_TEST',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodenlm_testres,
    encodeResult: encodenlm_testres,
  } satisfies Procedure<nlm_testargs, nlm_testres>,
  NLM3_LOCK: {
    number: 2,
    name: 'NLM3_LOCK',
    decodeArguments: decodenlm_lockargs,
    encodeArguments: encodenlm_lockargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_lockargs, nlm_res>,
  NLM3_CANCEL: {
    number: 3,
    name: 'NLM3_CANCEL',
    decodeArguments: decodenlm_cancargs,
    encodeArguments: encodenlm_cancargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_cancargs, nlm_res>,
  NLM3_UNLOCK: {
    number: 4,
    name: 'NLM3_UNLOCK',
    decodeArguments: decodenlm_unlockargs,
    encodeArguments: encodenlm_unlockargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_unlockargs, nlm_res>,
  NLM3_GRANTED: {
    number: 5,
    name: 'NLM3_GRANTED',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_testargs, nlm_res>,
  NLM3_TEST_MSG: {
    number: 6,
    name: 'NLM3_TEST_MSG',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_testargs, undefined>,
  NLM3_LOCK_MSG: {
    number: 7,
    name: 'NLM3_LOCK_MSG',
    decodeArguments: decodenlm_lockargs,
    encodeArguments: encodenlm_lockargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_lockargs, undefined>,
  NLM3_CANCEL_MSG: {
    number: 8,
    name: 'NLM3_CANCEL_MSG',
    decodeArguments: decodenlm_cancargs,
    encodeArguments: encodenlm_cancargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_cancargs, undefined>,
  NLM3_UNLOCK_MSG: {
    number: 9,
    name: 'NLM3_UNLOCK_MSG',
    decodeArguments: decodenlm_unlockargs,
    encodeArguments: encodenlm_unlockargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_unlockargs, undefined>,
  NLM3_GRANTED_MSG: {
    number: 10,
    name: 'NLM3_GRANTED_MSG',
    decodeArguments: decodenlm_testargs,
    encodeArguments: encodenlm_testargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_testargs, undefined>,
  NLM3_TEST_RES: {
    number: 11,
    name: 'NLM3_TEST_RES',
    decodeArguments: decodenlm_testres,
    encodeArguments: encodenlm_testres,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_testres, undefined>,
  NLM3_LOCK_RES: {
    number: 12,
    name: 'NLM3_LOCK_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
  NLM3_CANCEL_RES: {
    number: 13,
    name: 'NLM3_CANCEL_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
  NLM3_UNLOCK_RES: {
    number: 14,
    name: 'NLM3_UNLOCK_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
  NLM3_GRANTED_RES: {
    number: 15,
    name: 'NLM3_GRANTED_RES',
    decodeArguments: decodenlm_res,
    encodeArguments: encodenlm_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_res, undefined>,
  NLM_SHARE: {
    number: 20,
    name: 'NLM_SHARE',
    decodeArguments: decodenlm_shareargs,
    encodeArguments: encodenlm_shareargs,
    decodeResult: decodenlm_shareres,
    encodeResult: encodenlm_shareres,
  } satisfies Procedure<nlm_shareargs, nlm_shareres>,
  NLM_UNSHARE: {
    number: 21,
    name: 'NLM_UNSHARE',
    decodeArguments: decodenlm_shareargs,
    encodeArguments: encodenlm_shareargs,
    decodeResult: decodenlm_shareres,
    encodeResult: encodenlm_shareres,
  } satisfies Procedure<nlm_shareargs, nlm_shareres>,
  NLM_NM_LOCK: {
    number: 22,
    name: 'NLM_NM_LOCK',
    decodeArguments: decodenlm_lockargs,
    encodeArguments: encodenlm_lockargs,
    decodeResult: decodenlm_res,
    encodeResult: encodenlm_res,
  } satisfies Procedure<nlm_lockargs, nlm_res>,
  NLM_FREE_ALL: {
    number: 23,
    name: 'NLM_FREE_ALL',
    decodeArguments: decodenlm_notify,
    encodeArguments: encodenlm_notify,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm_notify, undefined>,
} as const
export const NLM4_VERS = 4
export const NLM4_VERS_PROCEDURES = {
  NLMPROC4_NULL: {
    number: 0,
    name: 'NLMPROC4_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  NLMPROC4_TEST: {
    number: 1,
    name: 'NLMPROC4_TEST',
    decodeArguments: decodenlm4_testargs,
    encodeArguments: encodenlm4_testargs,
    decodeResult: decodenlm4_testres,
    encodeResult: encodenlm4_testres,
  } satisfies Procedure<nlm4_testargs, nlm4_testres>,
  NLMPROC4_LOCK: {
    number: 2,
    name: 'NLMPROC4_LOCK',
    decodeArguments: decodenlm4_lockargs,
    encodeArguments: encodenlm4_lockargs,
    decodeResult: decodenlm4_res,
    encodeResult: encodenlm4_res,
  } satisfies Procedure<nlm4_lockargs, nlm4_res>,
  NLMPROC4_CANCEL: {
    number: 3,
    name: 'NLMPROC4_CANCEL',
    decodeArguments: decodenlm4_cancargs,
    encodeArguments: encodenlm4_cancargs,
    decodeResult: decodenlm4_res,
    encodeResult: encodenlm4_res,
  } satisfies Procedure<nlm4_cancargs, nlm4_res>,
  NLMPROC4_UNLOCK: {
    number: 4,
    name: 'NLMPROC4_UNLOCK',
    decodeArguments: decodenlm4_unlockargs,
    encodeArguments: encodenlm4_unlockargs,
    decodeResult: decodenlm4_res,
    encodeResult: encodenlm4_res,
  } satisfies Procedure<nlm4_unlockargs, nlm4_res>,
  NLMPROC4_GRANTED: {
    number: 5,
    name: 'NLMPROC4_GRANTED',
    decodeArguments: decodenlm4_testargs,
    encodeArguments: encodenlm4_testargs,
    decodeResult: decodenlm4_res,
    encodeResult: encodenlm4_res,
  } satisfies Procedure<nlm4_testargs, nlm4_res>,
  NLMPROC4_TEST_MSG: {
    number: 6,
    name: 'NLMPROC4_TEST_MSG',
    decodeArguments: decodenlm4_testargs,
    encodeArguments: encodenlm4_testargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_testargs, undefined>,
  NLMPROC4_LOCK_MSG: {
    number: 7,
    name: 'NLMPROC4_LOCK_MSG',
    decodeArguments: decodenlm4_lockargs,
    encodeArguments: encodenlm4_lockargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_lockargs, undefined>,
  NLMPROC4_CANCEL_MSG: {
    number: 8,
    name: 'NLMPROC4_CANCEL_MSG',
    decodeArguments: decodenlm4_cancargs,
    encodeArguments: encodenlm4_cancargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_cancargs, undefined>,
  NLMPROC4_UNLOCK_MSG: {
    number: 9,
    name: 'NLMPROC4_UNLOCK_MSG',
    decodeArguments: decodenlm4_unlockargs,
    encodeArguments: encodenlm4_unlockargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_unlockargs, undefined>,
  NLMPROC4_GRANTED_MSG: {
    number: 10,
    name: 'NLMPROC4_GRANTED_MSG',
    decodeArguments: decodenlm4_testargs,
    encodeArguments: encodenlm4_testargs,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_testargs, undefined>,
  NLMPROC4_TEST_RES: {
    number: 11,
    name: 'NLMPROC4_TEST_RES',
    decodeArguments: decodenlm4_testres,
    encodeArguments: encodenlm4_testres,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_testres, undefined>,
  NLMPROC4_LOCK_RES: {
    number: 12,
    name: 'NLMPROC4_LOCK_RES',
    decodeArguments: decodenlm4_res,
    encodeArguments: encodenlm4_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_res, undefined>,
  NLMPROC4_CANCEL_RES: {
    number: 13,
    name: 'NLMPROC4_CANCEL_RES',
    decodeArguments: decodenlm4_res,
    encodeArguments: encodenlm4_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_res, undefined>,
  NLMPROC4_UNLOCK_RES: {
    number: 14,
    name: 'NLMPROC4_UNLOCK_RES',
    decodeArguments: decodenlm4_res,
    encodeArguments: encodenlm4_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_res, undefined>,
  NLMPROC4_GRANTED_RES: {
    number: 15,
    name: 'NLMPROC4_GRANTED_RES',
    decodeArguments: decodenlm4_res,
    encodeArguments: encodenlm4_res,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_res, undefined>,
  NLMPROC4_SHARE: {
    number: 20,
    name: 'NLMPROC4_SHARE',
    decodeArguments: decodenlm4_shareargs,
    encodeArguments: encodenlm4_shareargs,
    decodeResult: decodenlm4_shareres,
    encodeResult: encodenlm4_shareres,
  } satisfies Procedure<nlm4_shareargs, nlm4_shareres>,
  NLMPROC4_UNSHARE: {
    number: 21,
    name: 'NLMPROC4_UNSHARE',
    decodeArguments: decodenlm4_shareargs,
    encodeArguments: encodenlm4_shareargs,
    decodeResult: decodenlm4_shareres,
    encodeResult: encodenlm4_shareres,
  } satisfies Procedure<nlm4_shareargs, nlm4_shareres>,
  NLMPROC4_NM_LOCK: {
    number: 22,
    name: 'NLMPROC4_NM_LOCK',
    decodeArguments: decodenlm4_lockargs,
    encodeArguments: encodenlm4_lockargs,
    decodeResult: decodenlm4_res,
    encodeResult: encodenlm4_res,
  } satisfies Procedure<nlm4_lockargs, nlm4_res>,
  NLMPROC4_FREE_ALL: {
    number: 23,
    name: 'NLMPROC4_FREE_ALL',
    decodeArguments: decodenlm4_notify,
    encodeArguments: encodenlm4_notify,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<nlm4_notify, undefined>,
} as const
