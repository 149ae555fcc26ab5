import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { agentFiles } from './agent-files.ts'
import { ControlClient } from './control-client.ts'

/** The agent of a mount point, or the only one. Throws ClientError if there is none. */
export async function findAgent(mountPoint: string | undefined): Promise<ControlClient> {
  if (mountPoint !== undefined) {
    const path = resolve(mountPoint)
    const client = await ControlClient.connect(agentFiles(path).control)
    if (client !== undefined) return client
    throw new ClientError(
      ExitCode.noChannel,
      `${path} has no agent`,
      'mount with --side-channel, or start one for the mount: fsva-client agent',
    )
  }
  const running: ControlClient[] = []
  for (const path of controlSockets()) {
    const client = await ControlClient.connect(path)
    if (client !== undefined) running.push(client)
  }
  if (running.length === 1) return running[0]!
  const mounts = await Promise.all(
    running.map(async (client) => (await client.ask('status')).options.mountPoint),
  )
  for (const client of running) client.close()
  if (mounts.length === 0)
    throw new ClientError(ExitCode.noChannel, 'no agent runs here', 'mount with --side-channel')
  throw new ClientError(
    ExitCode.usage,
    'there are several agents',
    `say of which mount: ${mounts.join(', ')}`,
  )
}

function controlSockets(): readonly string[] {
  const { directory } = agentFiles('/')
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.control'))
      .sort()
      .map((name) => join(directory, name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
