import type { Command } from 'commander'
import { copyFile } from '../copy/copy-file.ts'
import { Progress } from '../copy/progress.ts'
import { type AgentCommandOptions, agentOf, withAgent } from './agent-options.ts'

interface Options extends AgentCommandOptions {
  readonly progress?: boolean
}

export function addCp(program: Command): void {
  withAgent(program.command('cp <source> <target>'))
    .description('copy a file into or out of a mount by the side channel; the target is replaced at the end')
    .option('--progress', 'say on stderr how far it is, even if that is no terminal')
    .action(async (source: string, target: string, options: Options) => {
      const agent = agentOf(options)
      const isShown = options.progress === true || process.stderr.isTTY === true
      let progress: Progress | undefined
      try {
        const { bytes } = await copyFile({
          source,
          target,
          agent,
          progress: (done, total) => {
            if (!isShown) return
            progress ??= new Progress(process.stderr, source, total)
            progress.update(done)
          },
        })
        progress?.end(bytes)
      } finally {
        agent.close()
      }
    })
}
