import type { Command } from 'commander'
import { umountExport } from '../umount.ts'

export function addUmount(program: Command): void {
  program
    .command('umount <directory>')
    .description('unmount it')
    .option('-f, --force', 'even if the server does not answer')
    .option('-l, --lazy', 'detach it now, even if it is in use')
    .action(async (directory: string, options: { force?: boolean; lazy?: boolean }) => {
      await umountExport({ directory, force: options.force === true, lazy: options.lazy === true })
    })
}
