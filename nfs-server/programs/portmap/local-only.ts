import { type RpcCall, RpcRejection } from '../../rpc/program.ts'
import { auth_stat } from '../../xdr/generated/rpc.ts'
import { isLoopback } from './universal-address.ts'

/**
 * Whether the caller may change registrations: a program of root's on this machine, which is what a reserved port of the
 * loopback address proves. The kernel lets no packet with such an address in from outside.
 */
export function mayRegister({ caller }: RpcCall): boolean {
  return isLoopback(caller.address) && caller.port < 1024
}

/**
 * Long lists are not sent by UDP to other machines: the sender's address may be forged, and the list would hit whoever
 * has it.
 */
export function refuseAmplification({ caller, transport }: RpcCall): void {
  if (transport === 'udp' && !isLoopback(caller.address)) {
    throw new RpcRejection('auth', auth_stat.AUTH_TOOWEAK)
  }
}
