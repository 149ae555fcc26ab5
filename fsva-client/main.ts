/** Entry point of fsva-client; bin/fsva-client.js has checked the Node version. */
import { createRequire } from 'node:module'
import { Command } from 'commander'
import { addAgent } from './commands/agent.ts'
import { addCat } from './commands/cat.ts'
import { addCp } from './commands/cp.ts'
import { addDoctor } from './commands/doctor.ts'
import { addMount } from './commands/mount.ts'
import { addPing } from './commands/ping.ts'
import { addSetupDevice } from './commands/setup-device.ts'
import { addStats } from './commands/stats.ts'
import { addUmount } from './commands/umount.ts'
import { ClientError, ExitCode } from './exit-codes.ts'

// The package's own name leads to package.json from the sources and from the compiled files alike.
const { version } = createRequire(import.meta.url)('@fsva/client/package.json') as { version: string }

const program = new Command('fsva-client')
  .description('mounts what fsva-nfsd exports, with the mount command that is there')
  .version(version, '--version')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? ExitCode.ok : ExitCode.usage))
  .showHelpAfterError('(fsva-client --help lists the commands)')
  .addHelpText(
    'after',
    `
Examples:
  fsva-client mount server:/srv/data /mnt
  fsva-client mount server:/srv/data /mnt -o ro --port 2049 --mount-port 20048
  fsva-client doctor server:/srv/data
  fsva-client setup-device && fsva-client mount --side-channel server:/srv/data /mnt
  fsva-client stats /mnt
  fsva-client cp /mnt/image.raw /var/tmp
  fsva-client umount /mnt

Exit status: 0 done, 1 failed, 2 wrong usage, 3 server not reachable, 4 export refused, 5 version refused,
6 not permitted (not root), 7 no NFS on this machine, 8 mount point cannot be used, 9 no side channel.`,
  )

const commands = [addMount, addUmount, addDoctor, addAgent, addStats, addPing, addCat, addCp, addSetupDevice]
for (const add of commands) add(program)

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof ClientError)) throw error
  console.error(`fsva-client: ${error.message}`)
  if (error.advice !== undefined) console.error(`  -> ${error.advice}`)
  process.exitCode = error.exitCode
}
