// Generated from rpcbind.x by xdr-parser; do not edit.
import { decodeVoid, encodeVoid, type Procedure } from '../procedure.ts'
import { asInt32, asUint32 } from '../range.ts'
import type { XdrReader } from '../reader.ts'
import type { XdrWriter } from '../writer.ts'
import { XdrError } from '../xdr-error.ts'

export const PMAP_PORT = 111

export const RPCB_PORT = 111

export const PMAP_IPPROTO_TCP = 6

export const PMAP_IPPROTO_UDP = 17

export interface mapping {
  readonly prog: number
  readonly vers: number
  readonly prot: number
  readonly port: number
}

export function decodemapping(reader: XdrReader): mapping {
  let field = 'prog'
  try {
    const prog_ = reader.readUint32()
    field = 'vers'
    const vers_ = reader.readUint32()
    field = 'prot'
    const prot_ = reader.readUint32()
    field = 'port'
    const port_ = reader.readUint32()
    return { prog: prog_, vers: vers_, prot: prot_, port: port_ }
  } catch (error) {
    throw XdrError.within(error, 'mapping', field, -1)
  }
}

export function encodemapping(writer: XdrWriter, value: mapping): void {
  let field = 'prog'
  try {
    const at0 = writer.take(16)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.prog))
    field = 'vers'
    view0.setUint32(at0 + 4, asUint32(value.vers))
    field = 'prot'
    view0.setUint32(at0 + 8, asUint32(value.prot))
    field = 'port'
    view0.setUint32(at0 + 12, asUint32(value.port))
  } catch (error) {
    throw XdrError.within(error, 'mapping', field, -1)
  }
}

/** One element; a list of them is an array. */
export interface pmaplist {
  readonly map: mapping
}

export function decodepmaplist(reader: XdrReader): pmaplist {
  try {
    const map_ = decodemapping(reader)
    return { map: map_ }
  } catch (error) {
    throw XdrError.within(error, 'pmaplist', 'map', -1)
  }
}

export function decodepmaplistList(reader: XdrReader): pmaplist[] {
  let index = 0
  try {
    const list: pmaplist[] = []
    for (; reader.readBool(); index++) list.push(decodepmaplist(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'pmaplist', '', index)
  }
}

export function encodepmaplist(writer: XdrWriter, value: pmaplist): void {
  let field = 'map.prog'
  try {
    const at0 = writer.take(16)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.map.prog))
    field = 'map.vers'
    view0.setUint32(at0 + 4, asUint32(value.map.vers))
    field = 'map.prot'
    view0.setUint32(at0 + 8, asUint32(value.map.prot))
    field = 'map.port'
    view0.setUint32(at0 + 12, asUint32(value.map.port))
  } catch (error) {
    throw XdrError.within(error, 'pmaplist', field, -1)
  }
}

export function encodepmaplistList(writer: XdrWriter, value: readonly pmaplist[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encodepmaplist(writer, value[index] as pmaplist)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'pmaplist', '', index)
  }
}

export type pmaplist_ptr = readonly pmaplist[]

export function decodepmaplist_ptr(reader: XdrReader): pmaplist_ptr {
  return decodepmaplistList(reader)
}

export function encodepmaplist_ptr(writer: XdrWriter, value: pmaplist_ptr): void {
  try {
    encodepmaplistList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'pmaplist_ptr', '', -1)
  }
}

export interface call_args {
  readonly prog: number
  readonly vers: number
  readonly proc: number
  readonly args: Uint8Array
}

export function decodecall_args(reader: XdrReader): call_args {
  let field = 'prog'
  try {
    const prog_ = reader.readUint32()
    field = 'vers'
    const vers_ = reader.readUint32()
    field = 'proc'
    const proc_ = reader.readUint32()
    field = 'args'
    const args_ = reader.readOpaque(4294967295)
    return { prog: prog_, vers: vers_, proc: proc_, args: args_ }
  } catch (error) {
    throw XdrError.within(error, 'call_args', field, -1)
  }
}

export function encodecall_args(writer: XdrWriter, value: call_args): void {
  let field = 'prog'
  try {
    const at0 = writer.take(12)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.prog))
    field = 'vers'
    view0.setUint32(at0 + 4, asUint32(value.vers))
    field = 'proc'
    view0.setUint32(at0 + 8, asUint32(value.proc))
    field = 'args'
    writer.writeOpaque(value.args, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'call_args', field, -1)
  }
}

export interface call_result {
  readonly port: number
  readonly res: Uint8Array
}

export function decodecall_result(reader: XdrReader): call_result {
  let field = 'port'
  try {
    const port_ = reader.readUint32()
    field = 'res'
    const res_ = reader.readOpaque(4294967295)
    return { port: port_, res: res_ }
  } catch (error) {
    throw XdrError.within(error, 'call_result', field, -1)
  }
}

export function encodecall_result(writer: XdrWriter, value: call_result): void {
  let field = 'port'
  try {
    writer.writeUint32(value.port)
    field = 'res'
    writer.writeOpaque(value.res, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'call_result', field, -1)
  }
}

export interface rpcb {
  readonly r_prog: number
  readonly r_vers: number
  readonly r_netid: string
  readonly r_addr: string
  readonly r_owner: string
}

export function decoderpcb(reader: XdrReader): rpcb {
  let field = 'r_prog'
  try {
    const r_prog_ = reader.readUint32()
    field = 'r_vers'
    const r_vers_ = reader.readUint32()
    field = 'r_netid'
    const r_netid_ = reader.readText(4294967295)
    field = 'r_addr'
    const r_addr_ = reader.readText(4294967295)
    field = 'r_owner'
    const r_owner_ = reader.readText(4294967295)
    return { r_prog: r_prog_, r_vers: r_vers_, r_netid: r_netid_, r_addr: r_addr_, r_owner: r_owner_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcb', field, -1)
  }
}

export function encoderpcb(writer: XdrWriter, value: rpcb): void {
  let field = 'r_prog'
  try {
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.r_prog))
    field = 'r_vers'
    view0.setUint32(at0 + 4, asUint32(value.r_vers))
    field = 'r_netid'
    writer.writeText(value.r_netid, 4294967295)
    field = 'r_addr'
    writer.writeText(value.r_addr, 4294967295)
    field = 'r_owner'
    writer.writeText(value.r_owner, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'rpcb', field, -1)
  }
}

/** One element; a list of them is an array. */
export interface rp__list {
  readonly rpcb_map: rpcb
}

export function decoderp__list(reader: XdrReader): rp__list {
  try {
    const rpcb_map_ = decoderpcb(reader)
    return { rpcb_map: rpcb_map_ }
  } catch (error) {
    throw XdrError.within(error, 'rp__list', 'rpcb_map', -1)
  }
}

export function decoderp__listList(reader: XdrReader): rp__list[] {
  let index = 0
  try {
    const list: rp__list[] = []
    for (; reader.readBool(); index++) list.push(decoderp__list(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'rp__list', '', index)
  }
}

export function encoderp__list(writer: XdrWriter, value: rp__list): void {
  try {
    encoderpcb(writer, value.rpcb_map)
  } catch (error) {
    throw XdrError.within(error, 'rp__list', 'rpcb_map', -1)
  }
}

export function encoderp__listList(writer: XdrWriter, value: readonly rp__list[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encoderp__list(writer, value[index] as rp__list)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'rp__list', '', index)
  }
}

export type rpcblist_ptr = readonly rp__list[]

export function decoderpcblist_ptr(reader: XdrReader): rpcblist_ptr {
  return decoderp__listList(reader)
}

export function encoderpcblist_ptr(writer: XdrWriter, value: rpcblist_ptr): void {
  try {
    encoderp__listList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'rpcblist_ptr', '', -1)
  }
}

export interface rpcb_rmtcallargs {
  readonly prog: number
  readonly vers: number
  readonly proc: number
  readonly args: Uint8Array
}

export function decoderpcb_rmtcallargs(reader: XdrReader): rpcb_rmtcallargs {
  let field = 'prog'
  try {
    const prog_ = reader.readUint32()
    field = 'vers'
    const vers_ = reader.readUint32()
    field = 'proc'
    const proc_ = reader.readUint32()
    field = 'args'
    const args_ = reader.readOpaque(4294967295)
    return { prog: prog_, vers: vers_, proc: proc_, args: args_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcb_rmtcallargs', field, -1)
  }
}

export function encoderpcb_rmtcallargs(writer: XdrWriter, value: rpcb_rmtcallargs): void {
  let field = 'prog'
  try {
    const at0 = writer.take(12)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.prog))
    field = 'vers'
    view0.setUint32(at0 + 4, asUint32(value.vers))
    field = 'proc'
    view0.setUint32(at0 + 8, asUint32(value.proc))
    field = 'args'
    writer.writeOpaque(value.args, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'rpcb_rmtcallargs', field, -1)
  }
}

export interface rpcb_rmtcallres {
  readonly addr: string
  readonly results: Uint8Array
}

export function decoderpcb_rmtcallres(reader: XdrReader): rpcb_rmtcallres {
  let field = 'addr'
  try {
    const addr_ = reader.readText(4294967295)
    field = 'results'
    const results_ = reader.readOpaque(4294967295)
    return { addr: addr_, results: results_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcb_rmtcallres', field, -1)
  }
}

export function encoderpcb_rmtcallres(writer: XdrWriter, value: rpcb_rmtcallres): void {
  let field = 'addr'
  try {
    writer.writeText(value.addr, 4294967295)
    field = 'results'
    writer.writeOpaque(value.results, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'rpcb_rmtcallres', field, -1)
  }
}

export interface rpcb_entry {
  readonly r_maddr: string
  readonly r_nc_netid: string
  readonly r_nc_semantics: number
  readonly r_nc_protofmly: string
  readonly r_nc_proto: string
}

export function decoderpcb_entry(reader: XdrReader): rpcb_entry {
  let field = 'r_maddr'
  try {
    const r_maddr_ = reader.readText(4294967295)
    field = 'r_nc_netid'
    const r_nc_netid_ = reader.readText(4294967295)
    field = 'r_nc_semantics'
    const r_nc_semantics_ = reader.readUint32()
    field = 'r_nc_protofmly'
    const r_nc_protofmly_ = reader.readText(4294967295)
    field = 'r_nc_proto'
    const r_nc_proto_ = reader.readText(4294967295)
    return { r_maddr: r_maddr_, r_nc_netid: r_nc_netid_, r_nc_semantics: r_nc_semantics_, r_nc_protofmly: r_nc_protofmly_, r_nc_proto: r_nc_proto_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcb_entry', field, -1)
  }
}

export function encoderpcb_entry(writer: XdrWriter, value: rpcb_entry): void {
  let field = 'r_maddr'
  try {
    writer.writeText(value.r_maddr, 4294967295)
    field = 'r_nc_netid'
    writer.writeText(value.r_nc_netid, 4294967295)
    field = 'r_nc_semantics'
    writer.writeUint32(value.r_nc_semantics)
    field = 'r_nc_protofmly'
    writer.writeText(value.r_nc_protofmly, 4294967295)
    field = 'r_nc_proto'
    writer.writeText(value.r_nc_proto, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'rpcb_entry', field, -1)
  }
}

/** One element; a list of them is an array. */
export interface rpcb_entry_list {
  readonly rpcb_entry_map: rpcb_entry
}

export function decoderpcb_entry_list(reader: XdrReader): rpcb_entry_list {
  try {
    const rpcb_entry_map_ = decoderpcb_entry(reader)
    return { rpcb_entry_map: rpcb_entry_map_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcb_entry_list', 'rpcb_entry_map', -1)
  }
}

export function decoderpcb_entry_listList(reader: XdrReader): rpcb_entry_list[] {
  let index = 0
  try {
    const list: rpcb_entry_list[] = []
    for (; reader.readBool(); index++) list.push(decoderpcb_entry_list(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'rpcb_entry_list', '', index)
  }
}

export function encoderpcb_entry_list(writer: XdrWriter, value: rpcb_entry_list): void {
  try {
    encoderpcb_entry(writer, value.rpcb_entry_map)
  } catch (error) {
    throw XdrError.within(error, 'rpcb_entry_list', 'rpcb_entry_map', -1)
  }
}

export function encoderpcb_entry_listList(writer: XdrWriter, value: readonly rpcb_entry_list[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encoderpcb_entry_list(writer, value[index] as rpcb_entry_list)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'rpcb_entry_list', '', index)
  }
}

export type rpcb_entry_list_ptr = readonly rpcb_entry_list[]

export function decoderpcb_entry_list_ptr(reader: XdrReader): rpcb_entry_list_ptr {
  return decoderpcb_entry_listList(reader)
}

export function encoderpcb_entry_list_ptr(writer: XdrWriter, value: rpcb_entry_list_ptr): void {
  try {
    encoderpcb_entry_listList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'rpcb_entry_list_ptr', '', -1)
  }
}

export const RPCB_HIGHPROC_2 = 5

export const RPCB_HIGHPROC_3 = 8

export const RPCB_HIGHPROC_4 = 12

export const RPCBSTAT_HIGHPROC = 13

export const RPCBVERS_STAT = 3

export const RPCBVERS_4_STAT = 2

export const RPCBVERS_3_STAT = 1

export const RPCBVERS_2_STAT = 0

/** One element; a list of them is an array. */
export interface rpcbs_addrlist {
  readonly prog: number
  readonly vers: number
  readonly success: number
  readonly failure: number
  readonly netid: string
}

export function decoderpcbs_addrlist(reader: XdrReader): rpcbs_addrlist {
  let field = 'prog'
  try {
    const prog_ = reader.readUint32()
    field = 'vers'
    const vers_ = reader.readUint32()
    field = 'success'
    const success_ = reader.readInt32()
    field = 'failure'
    const failure_ = reader.readInt32()
    field = 'netid'
    const netid_ = reader.readText(4294967295)
    return { prog: prog_, vers: vers_, success: success_, failure: failure_, netid: netid_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_addrlist', field, -1)
  }
}

export function decoderpcbs_addrlistList(reader: XdrReader): rpcbs_addrlist[] {
  let index = 0
  try {
    const list: rpcbs_addrlist[] = []
    for (; reader.readBool(); index++) list.push(decoderpcbs_addrlist(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_addrlist', '', index)
  }
}

export function encoderpcbs_addrlist(writer: XdrWriter, value: rpcbs_addrlist): void {
  let field = 'prog'
  try {
    const at0 = writer.take(16)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.prog))
    field = 'vers'
    view0.setUint32(at0 + 4, asUint32(value.vers))
    field = 'success'
    view0.setInt32(at0 + 8, asInt32(value.success))
    field = 'failure'
    view0.setInt32(at0 + 12, asInt32(value.failure))
    field = 'netid'
    writer.writeText(value.netid, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_addrlist', field, -1)
  }
}

export function encoderpcbs_addrlistList(writer: XdrWriter, value: readonly rpcbs_addrlist[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encoderpcbs_addrlist(writer, value[index] as rpcbs_addrlist)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_addrlist', '', index)
  }
}

export type rpcbs_addrlist_ptr = readonly rpcbs_addrlist[]

export function decoderpcbs_addrlist_ptr(reader: XdrReader): rpcbs_addrlist_ptr {
  return decoderpcbs_addrlistList(reader)
}

export function encoderpcbs_addrlist_ptr(writer: XdrWriter, value: rpcbs_addrlist_ptr): void {
  try {
    encoderpcbs_addrlistList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_addrlist_ptr', '', -1)
  }
}

/** One element; a list of them is an array. */
export interface rpcbs_rmtcalllist {
  readonly prog: number
  readonly vers: number
  readonly proc: number
  readonly success: number
  readonly failure: number
  readonly indirect: number
  readonly netid: string
}

export function decoderpcbs_rmtcalllist(reader: XdrReader): rpcbs_rmtcalllist {
  let field = 'prog'
  try {
    const prog_ = reader.readUint32()
    field = 'vers'
    const vers_ = reader.readUint32()
    field = 'proc'
    const proc_ = reader.readUint32()
    field = 'success'
    const success_ = reader.readInt32()
    field = 'failure'
    const failure_ = reader.readInt32()
    field = 'indirect'
    const indirect_ = reader.readInt32()
    field = 'netid'
    const netid_ = reader.readText(4294967295)
    return { prog: prog_, vers: vers_, proc: proc_, success: success_, failure: failure_, indirect: indirect_, netid: netid_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_rmtcalllist', field, -1)
  }
}

export function decoderpcbs_rmtcalllistList(reader: XdrReader): rpcbs_rmtcalllist[] {
  let index = 0
  try {
    const list: rpcbs_rmtcalllist[] = []
    for (; reader.readBool(); index++) list.push(decoderpcbs_rmtcalllist(reader))
    return list
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_rmtcalllist', '', index)
  }
}

export function encoderpcbs_rmtcalllist(writer: XdrWriter, value: rpcbs_rmtcalllist): void {
  let field = 'prog'
  try {
    const at0 = writer.take(24)
    const view0 = writer.view
    view0.setUint32(at0, asUint32(value.prog))
    field = 'vers'
    view0.setUint32(at0 + 4, asUint32(value.vers))
    field = 'proc'
    view0.setUint32(at0 + 8, asUint32(value.proc))
    field = 'success'
    view0.setInt32(at0 + 12, asInt32(value.success))
    field = 'failure'
    view0.setInt32(at0 + 16, asInt32(value.failure))
    field = 'indirect'
    view0.setInt32(at0 + 20, asInt32(value.indirect))
    field = 'netid'
    writer.writeText(value.netid, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_rmtcalllist', field, -1)
  }
}

export function encoderpcbs_rmtcalllistList(writer: XdrWriter, value: readonly rpcbs_rmtcalllist[]): void {
  let index = 0
  try {
    for (; index < value.length; index++) {
      writer.writeUint32(1)
      encoderpcbs_rmtcalllist(writer, value[index] as rpcbs_rmtcalllist)
    }
    writer.writeUint32(0)
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_rmtcalllist', '', index)
  }
}

export type rpcbs_rmtcalllist_ptr = readonly rpcbs_rmtcalllist[]

export function decoderpcbs_rmtcalllist_ptr(reader: XdrReader): rpcbs_rmtcalllist_ptr {
  return decoderpcbs_rmtcalllistList(reader)
}

export function encoderpcbs_rmtcalllist_ptr(writer: XdrWriter, value: rpcbs_rmtcalllist_ptr): void {
  try {
    encoderpcbs_rmtcalllistList(writer, value)
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_rmtcalllist_ptr', '', -1)
  }
}

export type rpcbs_proc = readonly number[]

export function decoderpcbs_proc(reader: XdrReader): rpcbs_proc {
  let index = -1
  try {
    const value_count = 13
    reader.checkCount(value_count, 4)
    const value_: number[] = []
    for (index = 0; index < value_count; index++) {
      value_.push(reader.readInt32())
    }
    index = -1
    return value_
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_proc', '', index)
  }
}

export function encoderpcbs_proc(writer: XdrWriter, value: rpcbs_proc): void {
  let index = -1
  try {
    writer.checkCount(value.length, 13)
    for (index = 0; index < value.length; index++) {
      const element = value[index] as number
      writer.writeInt32(element)
    }
    index = -1
  } catch (error) {
    throw XdrError.within(error, 'rpcbs_proc', '', index)
  }
}

export interface rpcb_stat {
  readonly info: rpcbs_proc
  readonly setinfo: number
  readonly unsetinfo: number
  readonly addrinfo: rpcbs_addrlist_ptr
  readonly rmtinfo: rpcbs_rmtcalllist_ptr
}

export function decoderpcb_stat(reader: XdrReader): rpcb_stat {
  let field = 'info'
  try {
    const info_ = decoderpcbs_proc(reader)
    field = 'setinfo'
    const setinfo_ = reader.readInt32()
    field = 'unsetinfo'
    const unsetinfo_ = reader.readInt32()
    field = 'addrinfo'
    const addrinfo_ = decoderpcbs_addrlistList(reader)
    field = 'rmtinfo'
    const rmtinfo_ = decoderpcbs_rmtcalllistList(reader)
    return { info: info_, setinfo: setinfo_, unsetinfo: unsetinfo_, addrinfo: addrinfo_, rmtinfo: rmtinfo_ }
  } catch (error) {
    throw XdrError.within(error, 'rpcb_stat', field, -1)
  }
}

export function encoderpcb_stat(writer: XdrWriter, value: rpcb_stat): void {
  let field = 'info'
  try {
    encoderpcbs_proc(writer, value.info)
    field = 'setinfo'
    const at0 = writer.take(8)
    const view0 = writer.view
    view0.setInt32(at0, asInt32(value.setinfo))
    field = 'unsetinfo'
    view0.setInt32(at0 + 4, asInt32(value.unsetinfo))
    field = 'addrinfo'
    encoderpcbs_addrlistList(writer, value.addrinfo)
    field = 'rmtinfo'
    encoderpcbs_rmtcalllistList(writer, value.rmtinfo)
  } catch (error) {
    throw XdrError.within(error, 'rpcb_stat', field, -1)
  }
}

export type rpcb_stat_byvers = readonly rpcb_stat[]

export function decoderpcb_stat_byvers(reader: XdrReader): rpcb_stat_byvers {
  let index = -1
  try {
    const value_count = 3
    reader.checkCount(value_count, 68)
    const value_: rpcb_stat[] = []
    for (index = 0; index < value_count; index++) {
      value_.push(decoderpcb_stat(reader))
    }
    index = -1
    return value_
  } catch (error) {
    throw XdrError.within(error, 'rpcb_stat_byvers', '', index)
  }
}

export function encoderpcb_stat_byvers(writer: XdrWriter, value: rpcb_stat_byvers): void {
  let index = -1
  try {
    writer.checkCount(value.length, 3)
    for (index = 0; index < value.length; index++) {
      const element = value[index] as rpcb_stat
      encoderpcb_stat(writer, element)
    }
    index = -1
  } catch (error) {
    throw XdrError.within(error, 'rpcb_stat_byvers', '', index)
  }
}

export interface netbuf {
  readonly maxlen: number
  readonly buf: Uint8Array
}

export function decodenetbuf(reader: XdrReader): netbuf {
  let field = 'maxlen'
  try {
    const maxlen_ = reader.readUint32()
    field = 'buf'
    const buf_ = reader.readOpaque(4294967295)
    return { maxlen: maxlen_, buf: buf_ }
  } catch (error) {
    throw XdrError.within(error, 'netbuf', field, -1)
  }
}

export function encodenetbuf(writer: XdrWriter, value: netbuf): void {
  let field = 'maxlen'
  try {
    writer.writeUint32(value.maxlen)
    field = 'buf'
    writer.writeOpaque(value.buf, 4294967295)
  } catch (error) {
    throw XdrError.within(error, 'netbuf', field, -1)
  }
}

export const PMAP_PROG = 100000
export const PMAP_VERS = 2
function decodePMAP_VERS_PMAPPROC_SET_result(reader: XdrReader): boolean {
  return reader.readBool()
}
function encodePMAP_VERS_PMAPPROC_SET_result(writer: XdrWriter, value: boolean): void {
  writer.writeBool(value)
}
function decodePMAP_VERS_PMAPPROC_UNSET_result(reader: XdrReader): boolean {
  return reader.readBool()
}
function encodePMAP_VERS_PMAPPROC_UNSET_result(writer: XdrWriter, value: boolean): void {
  writer.writeBool(value)
}
function decodePMAP_VERS_PMAPPROC_GETPORT_result(reader: XdrReader): number {
  return reader.readUint32()
}
function encodePMAP_VERS_PMAPPROC_GETPORT_result(writer: XdrWriter, value: number): void {
  writer.writeUint32(value)
}
export const PMAP_VERS_PROCEDURES = {
  PMAPPROC_NULL: {
    number: 0,
    name: 'PMAPPROC_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  PMAPPROC_SET: {
    number: 1,
    name: 'PMAPPROC_SET',
    decodeArguments: decodemapping,
    encodeArguments: encodemapping,
    decodeResult: decodePMAP_VERS_PMAPPROC_SET_result,
    encodeResult: encodePMAP_VERS_PMAPPROC_SET_result,
  } satisfies Procedure<mapping, boolean>,
  PMAPPROC_UNSET: {
    number: 2,
    name: 'PMAPPROC_UNSET',
    decodeArguments: decodemapping,
    encodeArguments: encodemapping,
    decodeResult: decodePMAP_VERS_PMAPPROC_UNSET_result,
    encodeResult: encodePMAP_VERS_PMAPPROC_UNSET_result,
  } satisfies Procedure<mapping, boolean>,
  PMAPPROC_GETPORT: {
    number: 3,
    name: 'PMAPPROC_GETPORT',
    decodeArguments: decodemapping,
    encodeArguments: encodemapping,
    decodeResult: decodePMAP_VERS_PMAPPROC_GETPORT_result,
    encodeResult: encodePMAP_VERS_PMAPPROC_GETPORT_result,
  } satisfies Procedure<mapping, number>,
  PMAPPROC_DUMP: {
    number: 4,
    name: 'PMAPPROC_DUMP',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodepmaplist_ptr,
    encodeResult: encodepmaplist_ptr,
  } satisfies Procedure<undefined, pmaplist_ptr>,
  PMAPPROC_CALLIT: {
    number: 5,
    name: 'PMAPPROC_CALLIT',
    decodeArguments: decodecall_args,
    encodeArguments: encodecall_args,
    decodeResult: decodecall_result,
    encodeResult: encodecall_result,
  } satisfies Procedure<call_args, call_result>,
} as const

export const RPCBPROG = 100000
export const RPCBVERS = 3
function decodeRPCBVERS_RPCBPROC_SET_result(reader: XdrReader): boolean {
  return reader.readBool()
}
function encodeRPCBVERS_RPCBPROC_SET_result(writer: XdrWriter, value: boolean): void {
  writer.writeBool(value)
}
function decodeRPCBVERS_RPCBPROC_UNSET_result(reader: XdrReader): boolean {
  return reader.readBool()
}
function encodeRPCBVERS_RPCBPROC_UNSET_result(writer: XdrWriter, value: boolean): void {
  writer.writeBool(value)
}
function decodeRPCBVERS_RPCBPROC_GETADDR_result(reader: XdrReader): string {
  return reader.readText(4294967295)
}
function encodeRPCBVERS_RPCBPROC_GETADDR_result(writer: XdrWriter, value: string): void {
  writer.writeText(value, 4294967295)
}
function decodeRPCBVERS_RPCBPROC_GETTIME_result(reader: XdrReader): number {
  return reader.readUint32()
}
function encodeRPCBVERS_RPCBPROC_GETTIME_result(writer: XdrWriter, value: number): void {
  writer.writeUint32(value)
}
function decodeRPCBVERS_RPCBPROC_UADDR2TADDR_arguments(reader: XdrReader): string {
  return reader.readText(4294967295)
}
function encodeRPCBVERS_RPCBPROC_UADDR2TADDR_arguments(writer: XdrWriter, value: string): void {
  writer.writeText(value, 4294967295)
}
function decodeRPCBVERS_RPCBPROC_TADDR2UADDR_result(reader: XdrReader): string {
  return reader.readText(4294967295)
}
function encodeRPCBVERS_RPCBPROC_TADDR2UADDR_result(writer: XdrWriter, value: string): void {
  writer.writeText(value, 4294967295)
}
export const RPCBVERS_PROCEDURES = {
  RPCBPROC_NULL: {
    number: 0,
    name: 'RPCBPROC_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  RPCBPROC_SET: {
    number: 1,
    name: 'RPCBPROC_SET',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decodeRPCBVERS_RPCBPROC_SET_result,
    encodeResult: encodeRPCBVERS_RPCBPROC_SET_result,
  } satisfies Procedure<rpcb, boolean>,
  RPCBPROC_UNSET: {
    number: 2,
    name: 'RPCBPROC_UNSET',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decodeRPCBVERS_RPCBPROC_UNSET_result,
    encodeResult: encodeRPCBVERS_RPCBPROC_UNSET_result,
  } satisfies Procedure<rpcb, boolean>,
  RPCBPROC_GETADDR: {
    number: 3,
    name: 'RPCBPROC_GETADDR',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decodeRPCBVERS_RPCBPROC_GETADDR_result,
    encodeResult: encodeRPCBVERS_RPCBPROC_GETADDR_result,
  } satisfies Procedure<rpcb, string>,
  RPCBPROC_DUMP: {
    number: 4,
    name: 'RPCBPROC_DUMP',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decoderpcblist_ptr,
    encodeResult: encoderpcblist_ptr,
  } satisfies Procedure<undefined, rpcblist_ptr>,
  RPCBPROC_CALLIT: {
    number: 5,
    name: 'RPCBPROC_CALLIT',
    decodeArguments: decoderpcb_rmtcallargs,
    encodeArguments: encoderpcb_rmtcallargs,
    decodeResult: decoderpcb_rmtcallres,
    encodeResult: encoderpcb_rmtcallres,
  } satisfies Procedure<rpcb_rmtcallargs, rpcb_rmtcallres>,
  RPCBPROC_GETTIME: {
    number: 6,
    name: 'RPCBPROC_GETTIME',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeRPCBVERS_RPCBPROC_GETTIME_result,
    encodeResult: encodeRPCBVERS_RPCBPROC_GETTIME_result,
  } satisfies Procedure<undefined, number>,
  RPCBPROC_UADDR2TADDR: {
    number: 7,
    name: 'RPCBPROC_UADDR2TADDR',
    decodeArguments: decodeRPCBVERS_RPCBPROC_UADDR2TADDR_arguments,
    encodeArguments: encodeRPCBVERS_RPCBPROC_UADDR2TADDR_arguments,
    decodeResult: decodenetbuf,
    encodeResult: encodenetbuf,
  } satisfies Procedure<string, netbuf>,
  RPCBPROC_TADDR2UADDR: {
    number: 8,
    name: 'RPCBPROC_TADDR2UADDR',
    decodeArguments: decodenetbuf,
    encodeArguments: encodenetbuf,
    decodeResult: decodeRPCBVERS_RPCBPROC_TADDR2UADDR_result,
    encodeResult: encodeRPCBVERS_RPCBPROC_TADDR2UADDR_result,
  } satisfies Procedure<netbuf, string>,
} as const
export const RPCBVERS4 = 4
function decodeRPCBVERS4_RPCBPROC_SET_result(reader: XdrReader): boolean {
  return reader.readBool()
}
function encodeRPCBVERS4_RPCBPROC_SET_result(writer: XdrWriter, value: boolean): void {
  writer.writeBool(value)
}
function decodeRPCBVERS4_RPCBPROC_UNSET_result(reader: XdrReader): boolean {
  return reader.readBool()
}
function encodeRPCBVERS4_RPCBPROC_UNSET_result(writer: XdrWriter, value: boolean): void {
  writer.writeBool(value)
}
function decodeRPCBVERS4_RPCBPROC_GETADDR_result(reader: XdrReader): string {
  return reader.readText(4294967295)
}
function encodeRPCBVERS4_RPCBPROC_GETADDR_result(writer: XdrWriter, value: string): void {
  writer.writeText(value, 4294967295)
}
function decodeRPCBVERS4_RPCBPROC_GETTIME_result(reader: XdrReader): number {
  return reader.readUint32()
}
function encodeRPCBVERS4_RPCBPROC_GETTIME_result(writer: XdrWriter, value: number): void {
  writer.writeUint32(value)
}
function decodeRPCBVERS4_RPCBPROC_UADDR2TADDR_arguments(reader: XdrReader): string {
  return reader.readText(4294967295)
}
function encodeRPCBVERS4_RPCBPROC_UADDR2TADDR_arguments(writer: XdrWriter, value: string): void {
  writer.writeText(value, 4294967295)
}
function decodeRPCBVERS4_RPCBPROC_TADDR2UADDR_result(reader: XdrReader): string {
  return reader.readText(4294967295)
}
function encodeRPCBVERS4_RPCBPROC_TADDR2UADDR_result(writer: XdrWriter, value: string): void {
  writer.writeText(value, 4294967295)
}
function decodeRPCBVERS4_RPCBPROC_GETVERSADDR_result(reader: XdrReader): string {
  return reader.readText(4294967295)
}
function encodeRPCBVERS4_RPCBPROC_GETVERSADDR_result(writer: XdrWriter, value: string): void {
  writer.writeText(value, 4294967295)
}
export const RPCBVERS4_PROCEDURES = {
  RPCBPROC_NULL: {
    number: 0,
    name: 'RPCBPROC_NULL',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeVoid,
    encodeResult: encodeVoid,
  } satisfies Procedure<undefined, undefined>,
  RPCBPROC_SET: {
    number: 1,
    name: 'RPCBPROC_SET',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decodeRPCBVERS4_RPCBPROC_SET_result,
    encodeResult: encodeRPCBVERS4_RPCBPROC_SET_result,
  } satisfies Procedure<rpcb, boolean>,
  RPCBPROC_UNSET: {
    number: 2,
    name: 'RPCBPROC_UNSET',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decodeRPCBVERS4_RPCBPROC_UNSET_result,
    encodeResult: encodeRPCBVERS4_RPCBPROC_UNSET_result,
  } satisfies Procedure<rpcb, boolean>,
  RPCBPROC_GETADDR: {
    number: 3,
    name: 'RPCBPROC_GETADDR',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decodeRPCBVERS4_RPCBPROC_GETADDR_result,
    encodeResult: encodeRPCBVERS4_RPCBPROC_GETADDR_result,
  } satisfies Procedure<rpcb, string>,
  RPCBPROC_DUMP: {
    number: 4,
    name: 'RPCBPROC_DUMP',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decoderpcblist_ptr,
    encodeResult: encoderpcblist_ptr,
  } satisfies Procedure<undefined, rpcblist_ptr>,
  RPCBPROC_BCAST: {
    number: 5,
    name: 'RPCBPROC_BCAST',
    decodeArguments: decoderpcb_rmtcallargs,
    encodeArguments: encoderpcb_rmtcallargs,
    decodeResult: decoderpcb_rmtcallres,
    encodeResult: encoderpcb_rmtcallres,
  } satisfies Procedure<rpcb_rmtcallargs, rpcb_rmtcallres>,
  RPCBPROC_GETTIME: {
    number: 6,
    name: 'RPCBPROC_GETTIME',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decodeRPCBVERS4_RPCBPROC_GETTIME_result,
    encodeResult: encodeRPCBVERS4_RPCBPROC_GETTIME_result,
  } satisfies Procedure<undefined, number>,
  RPCBPROC_UADDR2TADDR: {
    number: 7,
    name: 'RPCBPROC_UADDR2TADDR',
    decodeArguments: decodeRPCBVERS4_RPCBPROC_UADDR2TADDR_arguments,
    encodeArguments: encodeRPCBVERS4_RPCBPROC_UADDR2TADDR_arguments,
    decodeResult: decodenetbuf,
    encodeResult: encodenetbuf,
  } satisfies Procedure<string, netbuf>,
  RPCBPROC_TADDR2UADDR: {
    number: 8,
    name: 'RPCBPROC_TADDR2UADDR',
    decodeArguments: decodenetbuf,
    encodeArguments: encodenetbuf,
    decodeResult: decodeRPCBVERS4_RPCBPROC_TADDR2UADDR_result,
    encodeResult: encodeRPCBVERS4_RPCBPROC_TADDR2UADDR_result,
  } satisfies Procedure<netbuf, string>,
  RPCBPROC_GETVERSADDR: {
    number: 9,
    name: 'RPCBPROC_GETVERSADDR',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decodeRPCBVERS4_RPCBPROC_GETVERSADDR_result,
    encodeResult: encodeRPCBVERS4_RPCBPROC_GETVERSADDR_result,
  } satisfies Procedure<rpcb, string>,
  RPCBPROC_INDIRECT: {
    number: 10,
    name: 'RPCBPROC_INDIRECT',
    decodeArguments: decoderpcb_rmtcallargs,
    encodeArguments: encoderpcb_rmtcallargs,
    decodeResult: decoderpcb_rmtcallres,
    encodeResult: encoderpcb_rmtcallres,
  } satisfies Procedure<rpcb_rmtcallargs, rpcb_rmtcallres>,
  RPCBPROC_GETADDRLIST: {
    number: 11,
    name: 'RPCBPROC_GETADDRLIST',
    decodeArguments: decoderpcb,
    encodeArguments: encoderpcb,
    decodeResult: decoderpcb_entry_list_ptr,
    encodeResult: encoderpcb_entry_list_ptr,
  } satisfies Procedure<rpcb, rpcb_entry_list_ptr>,
  RPCBPROC_GETSTAT: {
    number: 12,
    name: 'RPCBPROC_GETSTAT',
    decodeArguments: decodeVoid,
    encodeArguments: encodeVoid,
    decodeResult: decoderpcb_stat_byvers,
    encodeResult: encoderpcb_stat_byvers,
  } satisfies Procedure<undefined, rpcb_stat_byvers>,
} as const
