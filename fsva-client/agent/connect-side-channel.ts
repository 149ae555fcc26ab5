import type { AgentFiles } from './agent-files.ts'
import type { AgentOptions } from './agent-options.ts'
import type { AgentChannel } from './channel.ts'

export async function connectSideChannel(_options: AgentOptions, _files: AgentFiles): Promise<AgentChannel> {
  throw new Error('this version has no channel yet')
}
