import { writeFileSync } from 'node:fs'
import { addon, type NativeFileLock } from '../../native/binding.ts'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { mountedAt } from '../local-checks.ts'
import { Agent } from './agent.ts'
import { type AgentFiles, agentFiles } from './agent-files.ts'
import type { AgentOptions } from './agent-options.ts'
import { connectSideChannel } from './connect-side-channel.ts'
import { createLog } from './log.ts'
import { makeRuntimeDirectory } from './runtime-directory.ts'

/** Is the agent of a mount until a signal or the mount's end ends it. Answers what the process should exit with. */
export async function runAgent(
  options: AgentOptions,
  isMounted = () => mountedAt(options.mountPoint)?.type.startsWith('nfs') === true,
): Promise<ExitCode> {
  const files = agentFiles(options.mountPoint)
  const lock = takeLock(files, options.mountPoint)
  const log = createLog()
  const connect = () => connectSideChannel(options, files)
  try {
    const agent = await Agent.start({ options, files, log, connect, isMounted })
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => agent.end('signal'))
    const why = await agent.ended
    const code = why === 'unmounted' ? ExitCode.mountPoint : ExitCode.ok
    const isClosed = await agent.close()
    log.info({ why, isClosed }, 'ended')
    // With the lock held to the end: whoever waits for it finds nothing of the mount in use.
    if (!isClosed) process.exit(code)
    return code
  } finally {
    lock.release()
  }
}

function takeLock({ directory, lock: path }: AgentFiles, mountPoint: string): NativeFileLock {
  let lock: NativeFileLock | null
  try {
    makeRuntimeDirectory(directory)
    lock = addon.NativeFileLock.take(path)
  } catch (error) {
    throw new ClientError(ExitCode.notPermitted, `an agent needs ${directory}: ${(error as Error).message}`)
  }
  if (lock === null) {
    const advice = 'fsva-client stats shows it; systemctl stop or kill ends it'
    throw new ClientError(ExitCode.mountPoint, `${mountPoint} has an agent already`, advice)
  }
  // For people; the lock itself is what counts.
  writeFileSync(path, `${process.pid}\n`)
  return lock
}
