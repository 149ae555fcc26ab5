import type { Command } from 'commander'
import { catFile } from '../copy/cat-file.ts'
import { fileFailure } from '../copy/file-failure.ts'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { type AgentCommandOptions, agentOf, withAgent } from './agent-options.ts'

export function addCat(program: Command): void {
  withAgent(program.command('cat <file...>'))
    .description('write files to stdout, read by the side channel')
    .action(async (files: string[], options: AgentCommandOptions) => {
      const agent = agentOf(options)
      // Told by the write that failed, too.
      process.stdout.on('error', () => undefined)
      try {
        for (const file of files) await catOne(file)
      } catch (error) {
        // Whoever reads has had enough.
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw fileFailure('write', 'stdout', error)
        process.exitCode = ExitCode.failed
      } finally {
        agent.close()
      }

      /** One that cannot be read does not keep the others from being written. */
      async function catOne(file: string): Promise<void> {
        try {
          await catFile(file, process.stdout, agent)
        } catch (error) {
          if (!(error instanceof ClientError)) throw error
          console.error(`fsva-client: ${error.message}`)
          if (error.advice !== undefined) console.error(`  -> ${error.advice}`)
          process.exitCode = error.exitCode
        }
      }
    })
}
