import type { RpcCall } from '../../rpc/program.ts'
import { RpcRejection } from '../../rpc/program.ts'
import type { mountlist } from '../../xdr/generated/mount.ts'
import { auth_stat } from '../../xdr/generated/rpc.ts'
import type { MountContext } from './mount-context.ts'

/**
 * MOUNTPROC_DUMP (RFC 1813, section 5.2.2). Not by UDP: the list is long and the sender's address may be forged, which
 * would make us shout at somebody else.
 */
export function dump({ mountList }: MountContext, call: RpcCall): mountlist {
  if (call.transport === 'udp') throw new RpcRejection('auth', auth_stat.AUTH_TOOWEAK)
  return mountList.entries().map(({ hostname, directory }) => ({
    ml_hostname: Buffer.from(hostname, 'latin1'),
    ml_directory: directory,
  }))
}
