import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from '../exit-codes.ts'
import { agentFiles } from './agent-files.ts'
import { ControlClient } from './control-client.ts'
import type { AgentStatus } from './control-protocol.ts'

const pollMs = 20
const endMs = 30_000

/**
 * Ends the agent of a mount, and waits until it holds nothing of the mount any more. Undefined if there is none. An agent that
 * does not answer is left alone: what it holds, umount(8) will say.
 */
export async function stopAgent(mountPoint: string): Promise<AgentStatus | undefined> {
  const { control, lock } = agentFiles(mountPoint)
  const client = await ControlClient.connect(control)
  if (client === undefined) return undefined
  let status: AgentStatus
  try {
    status = await client.ask('status')
    await client.ask('stop')
  } catch (error) {
    if (error instanceof ClientError) return undefined
    throw error
  } finally {
    client.close()
  }
  // Loaded only where there was an agent: a plain mount does without the addon.
  const { addon } = await import('../../native/binding.ts')
  for (const deadline = Date.now() + endMs; Date.now() < deadline; await sleep(pollMs)) {
    const free = addon.NativeFileLock.take(lock)
    if (free === null) continue
    free.release()
    return status
  }
  return status
}
