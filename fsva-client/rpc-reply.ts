import { accept_stat, auth_stat, msg_type, reject_stat, reply_stat } from '@fsva/nfs-server/xdr/generated/rpc'
import type { Procedure } from '@fsva/nfs-server/xdr/procedure'
import { XdrReader } from '@fsva/nfs-server/xdr/reader'
import { RpcFailure } from './rpc-failure.ts'

const verifierBytesMax = 400

/**
 * The result in a complete reply message (RFC 5531, section 9). Throws RpcFailure if the server refused the call
 * or answered something else than the reply to it.
 */
export function decodeReply<A, R>(message: Uint8Array, xid: number, procedure: Procedure<A, R>): R {
  try {
    const reader = new XdrReader(message)
    if (reader.readUint32() !== xid || reader.readUint32() !== msg_type.REPLY) {
      throw new RpcFailure('garbled', 'its answer is not the reply to our call')
    }
    if (reader.readUint32() !== reply_stat.MSG_ACCEPTED) throw denial(reader)
    reader.readUint32()
    reader.readOpaque(verifierBytesMax)
    const status = reader.readUint32()
    if (status !== accept_stat.SUCCESS) throw refusal(status, reader)
    return procedure.decodeResult(reader)
  } catch (error) {
    if (error instanceof RpcFailure) throw error
    throw new RpcFailure('garbled', `its answer cannot be understood (${(error as Error).message})`)
  }
}

function denial(reader: XdrReader): RpcFailure {
  if (reader.readUint32() === reject_stat.RPC_MISMATCH) {
    return new RpcFailure('version', 'it speaks another version of RPC')
  }
  const status = reader.readUint32()
  const name = Object.entries(auth_stat).find(([, value]) => value === status)?.[0] ?? String(status)
  return new RpcFailure('denied', `it does not accept our credential (${name})`)
}

function refusal(status: number, reader: XdrReader): RpcFailure {
  if (status === accept_stat.PROG_UNAVAIL) return new RpcFailure('program', 'it does not offer this program')
  if (status === accept_stat.PROG_MISMATCH) {
    const [low, high] = [reader.readUint32(), reader.readUint32()]
    return new RpcFailure('version', `it offers only version ${low === high ? low : `${low} to ${high}`}`)
  }
  const name = Object.entries(accept_stat).find(([, value]) => value === status)?.[0] ?? String(status)
  return new RpcFailure('failed', `it answered ${name}`)
}
