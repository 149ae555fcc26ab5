import { ClientError, ExitCode } from '../exit-codes.ts'
import { mountedAt } from '../local-checks.ts'
import { parseTarget } from '../target.ts'

/** The server that the kernel mounted there. Throws ClientError. */
export function serverOfMount(mountPoint: string): string {
  const mounted = mountedAt(mountPoint)
  if (mounted?.type.startsWith('nfs')) return parseTarget(mounted.source).server
  throw new ClientError(
    ExitCode.mountPoint,
    `${mountPoint} is not an NFS mount, which an agent belongs to`,
    'mount it first, or both at once: fsva-client mount --side-channel',
  )
}
