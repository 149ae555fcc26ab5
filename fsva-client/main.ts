/** Entry point of fsva-client; bin/fsva-client.js has checked the Node version. */
import { createRequire } from 'node:module'
import { Command, InvalidArgumentError } from 'commander'
import { examine } from './doctor.ts'
import { ClientError, ExitCode } from './exit-codes.ts'
import { mountExport } from './mount.ts'
import type { Step } from './step.ts'
import { parseTarget } from './target.ts'
import { umountExport } from './umount.ts'

// The package's own name leads to package.json from the sources and from the compiled files alike.
const { version } = createRequire(import.meta.url)('@fsva/client/package.json') as { version: string }

interface PortOptions {
  readonly port?: number
  readonly mountPort?: number
}

const command = new Command('fsva-client')
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
  fsva-client umount /mnt

Exit status: 0 done, 1 failed, 2 wrong usage, 3 server not reachable, 4 export refused, 5 version refused,
6 not permitted (not root), 7 no NFS on this machine, 8 mount point cannot be used.`,
  )

command
  .command('mount <server:/export> <directory>')
  .description('mount an export, with the options that fit the server')
  .option('-o, --options <options>', 'mount options, which win over those chosen', '')
  .option('--port <n>', 'NFS port, if rpcbind does not know it', portNumber)
  .option('--mount-port <n>', 'MOUNT port, if rpcbind does not know it', portNumber)
  .option('--dry-run', 'print the mount command and do not run it')
  .action(
    async (text: string, directory: string, options: PortOptions & { options: string; dryRun?: boolean }) => {
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
    },
  )

command
  .command('umount <directory>')
  .description('unmount it')
  .option('-f, --force', 'even if the server does not answer')
  .option('-l, --lazy', 'detach it now, even if it is in use')
  .action(async (directory: string, options: { force?: boolean; lazy?: boolean }) => {
    await umountExport({ directory, force: options.force === true, lazy: options.lazy === true })
  })

command
  .command('doctor <server[:/export]>')
  .description('check step by step whether it can be mounted, and say what to do')
  .option('--port <n>', 'NFS port, if rpcbind does not know it', portNumber)
  .option('--mount-port <n>', 'MOUNT port, if rpcbind does not know it', portNumber)
  .option('--json', 'print the steps as one JSON object')
  .action(async (text: string, options: PortOptions & { json?: boolean }) => {
    const given = { nfs: options.port, mount: options.mountPort }
    const isJson = options.json === true
    const steps = await examine(parseTarget(text), given, (step) => {
      if (!isJson) printStep(step)
    })
    const failed = steps.find((step) => step.status === 'failed')
    if (isJson) console.log(JSON.stringify({ target: text, ok: failed === undefined, steps }, undefined, 2))
    process.exitCode = failed?.exitCode ?? ExitCode.ok
  })

function printStep({ name, status, detail, advice }: Step): void {
  const mark = { ok: 'ok  ', warning: 'warn', failed: 'FAIL', skipped: 'skip' }[status]
  console.log(`${mark}  ${name.padEnd(9)}  ${detail}`)
  if (advice !== undefined) console.log(`${' '.repeat(17)}-> ${advice}`)
}

function portNumber(text: string): number {
  const port = Number(text)
  if (/^[0-9]+$/.test(text) && port > 0 && port < 65536) return port
  throw new InvalidArgumentError('It must be a port number from 1 to 65535.')
}

try {
  await command.parseAsync()
} catch (error) {
  if (!(error instanceof ClientError)) throw error
  console.error(`fsva-client: ${error.message}`)
  if (error.advice !== undefined) console.error(`  -> ${error.advice}`)
  process.exitCode = error.exitCode
}
