import type { Command } from 'commander'
import { AgentForCopies } from '../copy/agent-for-copies.ts'

export interface AgentCommandOptions {
  /** A socket; true: none was said; false: --no-agent. */
  readonly agent?: string | boolean
}

/** --agent and --no-agent, for commands that read and write files. */
export function withAgent(command: Command): Command {
  return command
    .option('--agent <socket>', 'where the agent listens (default: whichever of this machine has the file)')
    .option('--no-agent', 'do without, by the kernel alone')
}

export function agentOf({ agent }: AgentCommandOptions): AgentForCopies {
  return new AgentForCopies({
    socket: typeof agent === 'string' ? agent : undefined,
    without: agent === false,
    note: (text) => console.error(`fsva-client: ${text}`),
  })
}
