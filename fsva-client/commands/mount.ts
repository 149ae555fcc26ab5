import type { Command } from 'commander'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { mountExport } from '../mount.ts'
import { parseTarget } from '../target.ts'
import { type PortOptions, portNumber } from './port-number.ts'

interface Options extends PortOptions {
  readonly options: string
  readonly dryRun?: boolean
}

export function addMount(program: Command): void {
  program
    .command('mount <server:/export> <directory>')
    .description('mount an export, with the options that fit the server')
    .option('-o, --options <options>', 'mount options, which win over those chosen', '')
    .option('--port <n>', 'NFS port, if rpcbind does not know it', portNumber)
    .option('--mount-port <n>', 'MOUNT port, if rpcbind does not know it', portNumber)
    .option('--dry-run', 'print the mount command and do not run it')
    .action(async (text: string, directory: string, options: Options) => {
      const target = parseTarget(text)
      const { path } = target
      if (path === undefined) throw new ClientError(ExitCode.usage, `"${text}" is not SERVER:/export`)
      const done = await mountExport({
        target: { ...target, path },
        directory,
        options: options.options,
        port: options.port,
        mountPort: options.mountPort,
        dryRun: options.dryRun === true,
      })
      console.log(done)
    })
}
