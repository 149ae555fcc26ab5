import { isIPv4 } from 'node:net'
import { type RpcCall, RpcRejection } from '../../rpc/program.ts'
import { auth_stat } from '../../xdr/generated/rpc.ts'

/** Monitoring is asked for by root's programs on this machine: a reserved port of the loopback address. */
export function requireLocal({ caller: { address, port } }: RpcCall): void {
  const isLoopback = address === '::1' || (isIPv4(address) && address.startsWith('127.'))
  if (!isLoopback || port >= 1024) throw new RpcRejection('auth', auth_stat.AUTH_TOOWEAK)
}
