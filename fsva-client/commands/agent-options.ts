import type { Command } from 'commander'
import { AgentForCopies } from '../copy/agent-for-copies.ts'
import { agentSocket } from '../local-agent.ts'

export interface AgentCommandOptions {
  /** false: --no-agent. */
  readonly agent: string | false
}

/** --agent and --no-agent, for commands that read and write files. */
export function withAgent(command: Command): Command {
  return command
    .option('--agent <socket>', 'where the agent of this machine listens', agentSocket)
    .option('--no-agent', 'do without, by the kernel alone')
}

/** The agent that the options say, if it is there. */
export function findAgent({ agent }: AgentCommandOptions): Promise<AgentForCopies> {
  return AgentForCopies.find({
    socket: agent === false ? undefined : agent,
    without: agent === false,
    note: (text) => console.error(`fsva-client: ${text}`),
  })
}
