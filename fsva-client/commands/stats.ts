import type { Command } from 'commander'
import { findAgent } from '../agent/find-agent.ts'
import { statsShown } from '../agent/stats-shown.ts'

export function addStats(program: Command): void {
  program
    .command('stats [directory]')
    .description("a mount's channel: its state, and what has gone over it; default: the only agent's")
    .option('--json', 'print it as one JSON object')
    .action(async (directory: string | undefined, options: { json?: boolean }) => {
      const agent = await findAgent(directory)
      try {
        const stats = await agent.ask('stats')
        console.log(options.json === true ? JSON.stringify(stats, undefined, 2) : statsShown(stats))
      } finally {
        agent.close()
      }
    })
}
