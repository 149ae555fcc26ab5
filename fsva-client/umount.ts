import { resolve } from 'node:path'
import { agentUnit } from './agent/agent-files.ts'
import type { AgentStatus } from './agent/control-protocol.ts'
import { startAgent } from './agent/start-agent.ts'
import { stopAgent } from './agent/stop-agent.ts'
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

/** Unmounts, and ends the mount's agent if it has one; or throws a ClientError that says why not. */
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
  // It holds descriptors on the mount.
  const agent = await stopAgent(path)
  const { code, output } = await run('umount', [...(force ? ['-f'] : []), ...(lazy ? ['-l'] : []), path])
  if (code === 0) return
  if (agent !== undefined) await startAgain(agent)
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

/** The mount stays, and so does its channel. */
async function startAgain({ options, supervised }: AgentStatus): Promise<void> {
  if (!supervised) await startAgent(options, 0)
  else if ((await run('systemctl', ['start', agentUnit(options.mountPoint)])).code !== 0) {
    console.error(
      `fsva-client: the agent has ended; start it again: systemctl start ${agentUnit(options.mountPoint)}`,
    )
  }
}
