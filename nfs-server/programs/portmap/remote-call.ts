import { type RpcCall, RpcRejection } from '../../rpc/program.ts'
import { accept_stat } from '../../xdr/generated/rpc.ts'

/**
 * PMAPPROC_CALLIT, RPCBPROC_BCAST and RPCBPROC_INDIRECT are not done: they would make calls with our address, and so our
 * rights, for anybody, and multiply what one forged datagram asks for. A broadcast that cannot be served gets no answer
 * (RFC 1833, section 2.2.1); over a connection the caller is told.
 */
export function refuseRemoteCall(_args: unknown, call: RpcCall): never {
  if (call.transport === 'udp') throw new RpcRejection('drop')
  throw new RpcRejection('accept', accept_stat.PROC_UNAVAIL)
}
