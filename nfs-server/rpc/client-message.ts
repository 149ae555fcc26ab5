/** The client's half of RFC 5531, section 9: calls out, replies in. */
import {
  auth_flavor,
  decoderpc_msg,
  encodeauthsys_parms,
  encodecall_body,
  msg_type,
  reject_stat,
  reply_stat,
} from '../xdr/generated/rpc.ts'
import type { Procedure } from '../xdr/procedure.ts'
import type { XdrReader } from '../xdr/reader.ts'
import { XdrWriter } from '../xdr/writer.ts'
import { acceptStatusName, authStatusName } from './status-names.ts'

/** An AUTH_SYS credential. */
export interface Credential {
  readonly uid: number
  readonly gid: number
  readonly gids?: readonly number[]
}

/** The server answered, but not with a result. */
export class RpcReplyError extends Error {
  override readonly name = 'RpcReplyError'
  /** The accept_stat, reject_stat or auth_stat by its name in RFC 5531. */
  readonly status: string
  /** Lowest and highest version spoken, for PROG_MISMATCH and RPC_MISMATCH. */
  readonly versions: { readonly low: number; readonly high: number } | undefined

  constructor(status: string, versions?: { readonly low: number; readonly high: number }) {
    super(versions === undefined ? status : `${status} (${versions.low} to ${versions.high})`)
    this.status = status
    this.versions = versions
  }
}

const none = { flavor: auth_flavor.AUTH_NONE, body: new Uint8Array(0) }

export function encodeCall<A>(
  writer: XdrWriter,
  xid: number,
  program: number,
  version: number,
  procedure: Pick<Procedure<A, unknown>, 'number' | 'encodeArguments'>,
  args: A,
  credential: Credential | undefined,
): void {
  writer.writeUint32(xid)
  writer.writeUint32(msg_type.CALL)
  encodecall_body(writer, {
    rpcvers: 2,
    prog: program,
    vers: version,
    proc: procedure.number,
    cred: credential === undefined ? none : { flavor: auth_flavor.AUTH_SYS, body: encodeSys(credential) },
    verf: none,
  })
  procedure.encodeArguments(writer, args)
}

function encodeSys(credential: Credential): Uint8Array {
  const writer = new XdrWriter()
  encodeauthsys_parms(writer, {
    stamp: 0,
    machinename: Buffer.from('fsva'),
    uid: credential.uid,
    gid: credential.gid,
    gids: credential.gids ?? [],
  })
  return writer.bytes()
}

/** The result in a reply message; throws RpcReplyError if there is none. */
export function decodeReply<R>(reader: XdrReader, procedure: Pick<Procedure<never, R>, 'decodeResult'>): R {
  const { body } = decoderpc_msg(reader)
  if (body.mtype !== msg_type.REPLY) throw new RpcReplyError('not a reply')
  if (body.rbody.stat === reply_stat.MSG_DENIED) {
    const { rreply } = body.rbody
    if (rreply.stat === reject_stat.AUTH_ERROR) throw new RpcReplyError(authStatusName(rreply.why))
    throw new RpcReplyError('RPC_MISMATCH', rreply.mismatch_info)
  }
  const { reply_data } = body.rbody.areply
  if ('mismatch_info' in reply_data && reply_data.mismatch_info !== undefined) {
    throw new RpcReplyError('PROG_MISMATCH', reply_data.mismatch_info)
  }
  if (reply_data.stat !== 0) throw new RpcReplyError(acceptStatusName(reply_data.stat))
  return procedure.decodeResult(reader)
}
