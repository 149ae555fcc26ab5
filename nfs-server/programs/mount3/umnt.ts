import type { RpcCall } from '../../rpc/program.ts'
import { canonical } from './mnt.ts'
import type { MountContext } from './mount-context.ts'

/** MOUNTPROC_UMNT (RFC 1813, section 5.2.3): always succeeds, also if there was no such entry. */
export function umnt({ mountList }: MountContext, path: Uint8Array, call: RpcCall): undefined {
  mountList.remove(call.caller.address, canonical(path))
}
