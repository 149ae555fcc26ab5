import { ClientError, ExitCode } from '../exit-codes.ts'
import { mountedAt } from '../local-checks.ts'

/** The address of the server that the kernel mounted there. Throws ClientError if that is no NFS mount. */
export function serverOfMount(mountPoint: string): string {
  const mounted = mountedAt(mountPoint)
  const address = mounted?.type.startsWith('nfs') && /(?:^|,)addr=([^,]+)/.exec(mounted.options)?.[1]
  if (address) return address
  throw new ClientError(
    ExitCode.mountPoint,
    `${mountPoint} is not an NFS mount, which an agent belongs to`,
    'mount it first, or both at once: fsva-client mount --side-channel',
  )
}
