import { resolve } from 'node:path'
import { ClientError, ExitCode } from './exit-codes.ts'
import { mountedAt } from './local-checks.ts'
import { run } from './run.ts'

export interface UmountRequest {
  readonly directory: string
  /** Give up on calls that the server does not answer. */
  readonly force: boolean
  /** Detach now, clean up when the last program has left. */
  readonly lazy: boolean
}

/** Unmounts, or throws a ClientError that says why not. */
export async function umountExport({ directory, force, lazy }: UmountRequest): Promise<void> {
  const path = resolve(directory)
  const mounted = mountedAt(path)
  if (mounted === undefined) {
    throw new ClientError(ExitCode.mountPoint, `${path} is not a mount point`, '"findmnt -t nfs" lists them')
  }
  if (!mounted.type.startsWith('nfs')) {
    throw new ClientError(
      ExitCode.mountPoint,
      `${path} is not an NFS mount, but ${mounted.source} (${mounted.type})`,
      `use umount ${path} if you mean that`,
    )
  }
  if (process.getuid?.() !== 0) {
    throw new ClientError(ExitCode.notPermitted, 'unmounting takes root', 'run it with sudo')
  }
  const { code, output } = await run('umount', [...(force ? ['-f'] : []), ...(lazy ? ['-l'] : []), path])
  if (code === 0) return
  if (/busy/i.test(output)) {
    throw new ClientError(
      ExitCode.mountPoint,
      `${path} is in use`,
      `"fuser -vm ${path}" shows by whom; --lazy detaches it anyway`,
    )
  }
  throw new ClientError(
    ExitCode.failed,
    output || 'umount(8) failed without a word',
    force ? undefined : 'if the server is gone for good: --force',
  )
}
