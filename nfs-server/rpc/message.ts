/** RPC messages (RFC 5531, section 9): the call header in, the reply header out. */
import { accept_stat, msg_type, reject_stat, reply_stat } from '../xdr/generated/rpc.ts'
import type { XdrWriter } from '../xdr/writer.ts'

const rpcVersion = 2
/** RFC 5531, section 8.2: the body of a credential or verifier. */
const authBytesMax = 400
const fixedHeaderBytes = 24

/** The header of the call being looked at. One object is used over and over: no call outlives the next decode. */
export interface CallHeader {
  xid: number
  program: number
  version: number
  procedure: number
  credentialFlavor: number
  /** Offset and length of the credential's body in the record. */
  credentialStart: number
  credentialLength: number
  verifierFlavor: number
  verifierLength: number
  argumentsStart: number
}

export function newCallHeader(): CallHeader {
  return {
    xid: 0,
    program: 0,
    version: 0,
    procedure: 0,
    credentialFlavor: 0,
    credentialStart: 0,
    credentialLength: 0,
    verifierFlavor: 0,
    verifierLength: 0,
    argumentsStart: 0,
  }
}

/**
 * What a message turned out to be. UNINTELLIGIBLE deserves no reply: it is too short, or not a call. For the others at
 * least `xid` was decoded.
 */
export const HeaderStatus = {
  OK: 0,
  UNINTELLIGIBLE: 1,
  RPC_MISMATCH: 2,
  BAD_CREDENTIAL: 3,
  BAD_VERIFIER: 4,
} as const
export type HeaderStatus = (typeof HeaderStatus)[keyof typeof HeaderStatus]

export function decodeCallHeader(record: Uint8Array, header: CallHeader): HeaderStatus {
  const { length } = record
  if (length < 12 || uint32(record, 4) !== msg_type.CALL) return HeaderStatus.UNINTELLIGIBLE
  header.xid = uint32(record, 0)
  if (uint32(record, 8) !== rpcVersion) return HeaderStatus.RPC_MISMATCH
  if (length < fixedHeaderBytes + 16) return HeaderStatus.UNINTELLIGIBLE
  header.program = uint32(record, 12)
  header.version = uint32(record, 16)
  header.procedure = uint32(record, 20)
  header.credentialFlavor = uint32(record, 24)
  const credentialLength = uint32(record, 28)
  if (credentialLength > authBytesMax) return HeaderStatus.BAD_CREDENTIAL
  const verifier = 32 + padded(credentialLength)
  if (verifier + 8 > length) return HeaderStatus.UNINTELLIGIBLE
  header.credentialStart = 32
  header.credentialLength = credentialLength
  header.verifierFlavor = uint32(record, verifier)
  const verifierLength = uint32(record, verifier + 4)
  if (verifierLength > authBytesMax) return HeaderStatus.BAD_VERIFIER
  header.verifierLength = verifierLength
  header.argumentsStart = verifier + 8 + padded(verifierLength)
  if (header.argumentsStart > length) return HeaderStatus.UNINTELLIGIBLE
  return HeaderStatus.OK
}

export function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

function padded(length: number): number {
  return (length + 3) & ~3
}

/** xid, REPLY, MSG_ACCEPTED, an AUTH_NONE verifier and the status; the results follow if it is SUCCESS. */
export function writeAccepted(writer: XdrWriter, xid: number, status: number): void {
  const at = writer.take(24)
  const { view } = writer
  view.setUint32(at, xid)
  view.setUint32(at + 4, msg_type.REPLY)
  view.setUint32(at + 8, reply_stat.MSG_ACCEPTED)
  view.setUint32(at + 12, 0)
  view.setUint32(at + 16, 0)
  view.setUint32(at + 20, status)
}

export function writeProgramMismatch(writer: XdrWriter, xid: number, low: number, high: number): void {
  writeAccepted(writer, xid, accept_stat.PROG_MISMATCH)
  writer.writeUint32(low)
  writer.writeUint32(high)
}

/** The call was in another version of RPC than 2. */
export function writeRpcMismatch(writer: XdrWriter, xid: number): void {
  writeDenied(writer, xid, reject_stat.RPC_MISMATCH)
  writer.writeUint32(rpcVersion)
  writer.writeUint32(rpcVersion)
}

/** `status` is an auth_stat. */
export function writeAuthError(writer: XdrWriter, xid: number, status: number): void {
  writeDenied(writer, xid, reject_stat.AUTH_ERROR)
  writer.writeUint32(status)
}

function writeDenied(writer: XdrWriter, xid: number, status: number): void {
  const at = writer.take(16)
  const { view } = writer
  view.setUint32(at, xid)
  view.setUint32(at + 4, msg_type.REPLY)
  view.setUint32(at + 8, reply_stat.MSG_DENIED)
  view.setUint32(at + 12, status)
}
