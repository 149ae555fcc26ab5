// Generated from nsm.x by xdr-parser; do not edit.
import { decodeVoid, encodeVoid, type Procedure } from '../procedure.ts'
import { asInt32 } from '../range.ts'
import type { XdrReader } from '../reader.ts'
import type { XdrWriter } from '../writer.ts'
import { XdrError } from '../xdr-error.ts'

export const SM_MAXSTRLEN = 1024

export const SM_PRIV_SIZE = 16

export interface sm_name {
  readonly mon_name: string
}

export function decodesm_name(reader: XdrReader): sm_name {
  try {
    const mon_name_ = reader.readText(1024)
    return { mon_name: mon_name_ }
  } catch (error) {
    throw XdrError.within(error, 'sm_name', 'mon_name', -1)
  }
}

export function encodesm_name(writer: XdrWriter, value: sm_name): void {
  try {
    writer.writeText(value.mon_name, 1024)
  } catch (error) {
    throw XdrError.within(error, 'sm_name', 'mon_name', -1)
  }
}

export interface my_id {
  readonly my_name: string
  readonly my_prog: number
  readonly my_vers: number
  readonly my_proc: number
}

export function decodemy_id(reader: XdrReader): my_id {
  let field = 'my_name'
  try {
    const my_name_ = reader.readText(1024)
    field = 'my_prog'
    const my_prog_ = reader.readInt32()
    field = 'my_vers'
    const my_vers_ = reader.readInt32()
    field = 'my_proc'
    const my_proc_ = reader.readInt32()
    return { my_name: my_name_, my_prog: my_prog_, my_vers: my_vers_, my_proc: my_proc_ }
  } catch (error) {
    throw XdrError.within(error, 'my_id', field, -1)
  }
}

export function encodemy_id(writer: XdrWriter, value: my_id): void {
  let field = 'my_name'
  try {
    writer.writeText(value.my_name, 1024)
    field = 'my_prog'
    const at0 = writer.take(12)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.my_prog))
    field = 'my_vers'
    view0.setInt32(at0 + 4, asInt32(value.my_vers))
    field = 'my_proc'
    view0.setInt32(at0 + 8, asInt32(value.my_proc))
  } catch (error) {
    throw XdrError.within(error, 'my_id', field, -1)
  }
}

export interface mon_id {
  readonly mon_name: string
  readonly my_id: my_id
}

export function decodemon_id(reader: XdrReader): mon_id {
  let field = 'mon_name'
  try {
    const mon_name_ = reader.readText(1024)
    field = 'my_id'
    const my_id_ = decodemy_id(reader)
    return { mon_name: mon_name_, my_id: my_id_ }
  } catch (error) {
    throw XdrError.within(error, 'mon_id', field, -1)
  }
}

export function encodemon_id(writer: XdrWriter, value: mon_id): void {
  let field = 'mon_name'
  try {
    writer.writeText(value.mon_name, 1024)
    field = 'my_id'
    encodemy_id(writer, value.my_id)
  } catch (error) {
    throw XdrError.within(error, 'mon_id', field, -1)
  }
}

export interface mon {
  readonly mon_id: mon_id
  readonly priv: Uint8Array
}

export function decodemon(reader: XdrReader): mon {
  let field = 'mon_id'
  try {
    const mon_id_ = decodemon_id(reader)
    field = 'priv'
    const priv_ = reader.readFixedOpaque(16)
    return { mon_id: mon_id_, priv: priv_ }
  } catch (error) {
    throw XdrError.within(error, 'mon', field, -1)
  }
}

export function encodemon(writer: XdrWriter, value: mon): void {
  let field = 'mon_id'
  try {
    encodemon_id(writer, value.mon_id)
    field = 'priv'
    writer.writeFixedOpaque(value.priv, 16)
  } catch (error) {
    throw XdrError.within(error, 'mon', field, -1)
  }
}

export interface stat_chge {
  readonly mon_name: string
  readonly state: number
}

export function decodestat_chge(reader: XdrReader): stat_chge {
  let field = 'mon_name'
  try {
    const mon_name_ = reader.readText(1024)
    field = 'state'
    const state_ = reader.readInt32()
    return { mon_name: mon_name_, state: state_ }
  } catch (error) {
    throw XdrError.within(error, 'stat_chge', field, -1)
  }
}

export function encodestat_chge(writer: XdrWriter, value: stat_chge): void {
  let field = 'mon_name'
  try {
    writer.writeText(value.mon_name, 1024)
    field = 'state'
    writer.writeInt32(value.state)
  } catch (error) {
    throw XdrError.within(error, 'stat_chge', field, -1)
  }
}

export interface sm_stat {
  readonly state: number
}

export function decodesm_stat(reader: XdrReader): sm_stat {
  try {
    const state_ = reader.readInt32()
    return { state: state_ }
  } catch (error) {
    throw XdrError.within(error, 'sm_stat', 'state', -1)
  }
}

export function encodesm_stat(writer: XdrWriter, value: sm_stat): void {
  try {
    writer.writeInt32(value.state)
  } catch (error) {
    throw XdrError.within(error, 'sm_stat', 'state', -1)
  }
}

export const sm_res = {
  STAT_SUCC: 0,
  STAT_FAIL: 1,
} as const
export type sm_res = (typeof sm_res)[keyof typeof sm_res]

export function decodesm_res(reader: XdrReader): sm_res {
  const value = reader.readInt32()
  if (value < 0 || value > 1) throw new XdrError(`${value} is not a value of sm_res`)
  return value as sm_res
}

export function encodesm_res(writer: XdrWriter, value: sm_res): void {
  writer.writeInt32(value)
}

export interface sm_stat_res {
  readonly res_stat: sm_res
  readonly state: number
}

export function decodesm_stat_res(reader: XdrReader): sm_stat_res {
  let field = 'res_stat'
  try {
    const res_stat_ = decodesm_res(reader)
    field = 'state'
    const state_ = reader.readInt32()
    return { res_stat: res_stat_, state: state_ }
  } catch (error) {
    throw XdrError.within(error, 'sm_stat_res', field, -1)
  }
}

export function encodesm_stat_res(writer: XdrWriter, value: sm_stat_res): void {
  let field = 'res_stat'
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.res_stat))
    field = 'state'
    view0.setInt32(at0 + 4, asInt32(value.state))
  } catch (error) {
    throw XdrError.within(error, 'sm_stat_res', field, -1)
  }
}

export const SM_PROG = 100024
export const SM_VERS = 1
export const SM_VERS_PROCEDURES = {
  SM_NULL: {
    number: 0,
    name: 'SM_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  SM_STAT: {
    number: 1,
    name: 'SM_STAT',
    decodeArguments: decodesm_name,
    encodeArguments: encodesm_name,
    decodeResult: decodesm_stat_res,
    encodeResult: encodesm_stat_res,
  } satisfies Procedure<sm_name, sm_stat_res>,
  SM_MON: {
    number: 2,
    name: 'SM_MON',
    decodeArguments: decodemon,
    encodeArguments: encodemon,
    decodeResult: decodesm_stat_res,
    encodeResult: encodesm_stat_res,
  } satisfies Procedure<mon, sm_stat_res>,
  SM_UNMON: {
    number: 3,
    name: 'SM_UNMON',
    decodeArguments: decodemon_id,
    encodeArguments: encodemon_id,
    decodeResult: decodesm_stat,
    encodeResult: encodesm_stat,
  } satisfies Procedure<mon_id, sm_stat>,
  SM_UNMON_ALL: {
    number: 4,
    name: 'SM_UNMON_ALL',
    decodeArguments: decodemy_id,
    encodeArguments: encodemy_id,
    decodeResult: decodesm_stat,
    encodeResult: encodesm_stat,
  } satisfies Procedure<my_id, sm_stat>,
  SM_SIMU_CRASH: {
    number: 5,
    name: 'SM_SIMU_CRASH',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  SM_NOTIFY: {
    number: 6,
    name: 'SM_NOTIFY',
    decodeArguments: decodestat_chge,
    encodeArguments: encodestat_chge,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<stat_chge, undefined>,
} as const
