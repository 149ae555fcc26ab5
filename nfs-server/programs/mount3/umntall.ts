import type { RpcCall } from '../../rpc/program.ts'
import type { MountContext } from './mount-context.ts'

/** MOUNTPROC_UMNTALL (RFC 1813, section 5.2.4): forgets every entry of the caller's address. */
export function umntall({ mountList }: MountContext, call: RpcCall): undefined {
  mountList.removeAll(call.caller.address)
}
