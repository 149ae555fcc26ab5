import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { CommandLineSettings } from './config/build-settings.ts'
import { parseClientPattern } from './config/client-pattern.ts'
import { ConfigError, problemWithoutPlace } from './config/config-error.ts'
import { graceSecondsMax, listenAddress, replyCacheBytesMax, workers } from './config/schema.ts'
import {
  defaultGraceSeconds,
  logFormats,
  logLevels,
  mountPort,
  nfsPort,
  type RpcbindMode,
  rpcbindModes,
} from './config/settings.ts'
import { defaultExportOptions, type ExportOptions } from './exports.ts'
import { defaultReplyCacheBytesMax } from './reply-cache/limits.ts'
import { workersMax } from './workers/shares.ts'

/** What the command line asks for. */
export interface CommandLine {
  readonly settings: CommandLineSettings
  /** Check the configuration, say so, and exit. */
  readonly checkConfig: boolean
}

const idMax = 0xfffffffe

const examples = `
Examples:
  fsva-nfsd --export /srv/data                        serve /srv/data to this machine
  fsva-nfsd --export /srv/data --listen 0.0.0.0 --client 192.0.2.0/24
  fsva-nfsd --export /srv/data --port 0 --mount-port 0 --no-rpcbind --insecure
                                                      without root: any free ports, printed when ready
  fsva-nfsd --config /etc/fsva/fsva-nfsd.yaml --check-config

Mount it with:  mount -t nfs SERVER:/srv/data /mnt
or, where it does not use the standard ports and port 111:
                mount -t nfs -o vers=3,nolock,proto=tcp,port=PORT,mountport=PORT,mountproto=tcp ...

Signals: SIGHUP reads the config again, SIGUSR1 logs a summary of the calls served, SIGTERM and SIGINT finish
the calls in progress and exit (a second one exits at once).`

/** Parses the command line (without node and script). Exits by itself for --help, --version and misuse. */
export function parseCommandLine(args: readonly string[], version: string): CommandLine {
  const command = new Command('fsva-nfsd')
    .description('NFSv3 server: exports directories that any NFS client can mount')
    .option('--config <file>', 'read exports and settings from a YAML file')
    .option('--export <dir>', 'export this directory (repeatable)', collectDirectory, [])
    .option('--listen <address>', 'address to listen on (repeatable; default 127.0.0.1)', collectAddress, [])
    .option('--port <n>', `NFS port, 0 for any free one (default ${nfsPort})`, portNumber)
    .option('--mount-port <n>', `MOUNT port, 0 for any free one (default ${mountPort})`, portNumber)
    .addOption(
      new Option(
        '--rpcbind <mode>',
        'port 111: register with the rpcbind that runs, serve it, or auto (default)',
      ).choices(rpcbindModes),
    )
    .option('--no-rpcbind', 'leave port 111 alone: clients must be told the ports')
    .option('--state-dir <dir>', 'where the handle key and handle tables are kept')
    .option(
      '--grace-seconds <n>',
      `after a restart, how long only locks held before are given (default ${defaultGraceSeconds})`,
      graceSeconds,
    )
    .option('--manage-gids', "look users' groups up here: calls can name only 16")
    .option(
      '--side-channel <socket>',
      'shared memory for clients on this machine, who come by this Unix socket',
    )
    .option('--workers <n>', `event loops that serve NFS, 1 to ${workersMax} (default 1)`, workerCount)
    .option(
      '--reply-cache-bytes-max <n>',
      `memory for replies to repeated calls, 0 for none (default ${defaultReplyCacheBytesMax})`,
      replyCacheSize,
    )
    .optionsGroup('For the directories given with --export:')
    .option('--client <pattern>', 'who may mount: address, CIDR, host name (repeatable)', collectClient, [])
    .option('--read-only', 'refuse every change')
    .option('--insecure', 'accept clients whose port is above 1023')
    .option('--no-root-squash', "let a client's root be root here")
    .option('--all-squash', 'everybody is the anonymous user')
    .option('--anonuid <uid>', `uid of the anonymous user (default ${defaultExportOptions.anonuid})`, id)
    .option('--anongid <gid>', `gid of the anonymous user (default ${defaultExportOptions.anongid})`, id)
    .option('--async', 'answer metadata changes before they are on disk (can lose data)')
    .optionsGroup('Watching it:')
    .addOption(new Option('--log-level <level>', 'how much to log (default info)').choices(logLevels))
    .addOption(
      new Option('--log-format <format>', 'pretty, json or auto (default: pretty on a terminal)').choices(
        logFormats,
      ),
    )
    .option('--metrics-port <n>', 'serve Prometheus metrics on this loopback port, 0 for any', portNumber)
    .option('--check-config', 'check the settings and exit: 0 if they are good, else 2')
    .version(version, '--version')
    .addHelpText('after', examples)
    .allowExcessArguments()
    .showHelpAfterError('(fsva-nfsd --help lists the options)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : usageExitCode))
  command.parse([...args], { from: 'user' })
  if (command.args.length > 0)
    command.error(`error: unexpected argument "${command.args[0]}"; did you mean --export?`)
  const options = command.opts<Options>()
  return {
    settings: {
      config: options.config,
      exports: exportsFrom(options),
      listen: options.listen,
      port: options.port,
      mountPort: options.mountPort,
      rpcbind: rpcbindFrom(options.rpcbind),
      stateDirectory: options.stateDir,
      graceSeconds: options.graceSeconds,
      manageGids: options.manageGids,
      sideChannelSocket: options.sideChannel,
      workers: options.workers,
      replyCacheBytesMax: options.replyCacheBytesMax,
      logLevel: options.logLevel,
      logFormat: options.logFormat,
      metricsPort: options.metricsPort,
    },
    checkConfig: options.checkConfig === true,
  }
}

/** Exit code for a command line or config that cannot be used. */
export const usageExitCode = 2

interface Options {
  readonly config?: string
  readonly export: string[]
  readonly client: string[]
  readonly readOnly?: boolean
  readonly insecure?: boolean
  readonly rootSquash: boolean
  readonly allSquash?: boolean
  readonly anonuid?: number
  readonly anongid?: number
  readonly async?: boolean
  readonly listen: string[]
  readonly port?: number
  readonly mountPort?: number
  readonly rpcbind: boolean | RpcbindMode | undefined
  readonly stateDir?: string
  readonly graceSeconds?: number
  readonly manageGids?: boolean
  readonly sideChannel?: string
  readonly workers?: number
  readonly replyCacheBytesMax?: number
  readonly logLevel?: (typeof logLevels)[number]
  readonly logFormat?: (typeof logFormats)[number]
  readonly metricsPort?: number
  readonly checkConfig?: boolean
}

function rpcbindFrom(option: boolean | RpcbindMode | undefined): RpcbindMode | undefined {
  if (option === false) return 'off'
  return option === true ? undefined : option
}

function exportsFrom(options: Options): ExportOptions[] {
  if (options.allSquash && !options.rootSquash) {
    throw new ConfigError([problemWithoutPlace('--all-squash and --no-root-squash contradict each other')])
  }
  const forExports = [
    ['--client', options.client.length > 0],
    ['--read-only', options.readOnly],
    ['--insecure', options.insecure],
    ['--no-root-squash', !options.rootSquash],
    ['--all-squash', options.allSquash],
    ['--anonuid', options.anonuid !== undefined],
    ['--anongid', options.anongid !== undefined],
    ['--async', options.async],
  ] as const
  const idle = forExports.find(([, given]) => given)
  if (options.export.length === 0 && idle !== undefined) {
    const message = `${idle[0]} is for the directories given with --export, and there is none`
    throw new ConfigError([problemWithoutPlace(message)])
  }
  const squash = options.allSquash ? 'all_squash' : options.rootSquash ? 'root_squash' : 'no_root_squash'
  return options.export.map((directory) => ({
    path: resolve(directory),
    clients: options.client.length > 0 ? options.client : defaultExportOptions.clients,
    readOnly: options.readOnly ?? defaultExportOptions.readOnly,
    squash,
    anonuid: options.anonuid ?? defaultExportOptions.anonuid,
    anongid: options.anongid ?? defaultExportOptions.anongid,
    secure: !options.insecure,
    fsid: undefined,
    sync: !options.async,
    sideChannel: defaultExportOptions.sideChannel,
    mappedStores: defaultExportOptions.mappedStores,
  }))
}

function collectDirectory(value: string, earlier: string[]): string[] {
  // Most likely a shell variable that is not set; as a path it would be the working directory.
  if (value === '') throw new InvalidArgumentError('It is empty.')
  return [...earlier, value]
}

function collectClient(value: string, earlier: string[]): string[] {
  try {
    parseClientPattern(value)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
  return [...earlier, value]
}

function collectAddress(value: string, earlier: string[]): string[] {
  const checked = listenAddress.safeParse(value)
  if (!checked.success) throw new InvalidArgumentError(`It ${checked.error.issues[0]?.message}.`)
  return [...earlier, value]
}

function wholeNumber(text: string, max: number): number {
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value > max) {
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`)
  }
  return value
}

function portNumber(text: string): number {
  return wholeNumber(text, 65535)
}

function workerCount(text: string): number {
  const checked = workers.safeParse(/^[0-9]+$/.test(text) ? Number(text) : text)
  if (!checked.success) throw new InvalidArgumentError(`It ${checked.error.issues[0]?.message}.`)
  return checked.data
}

function replyCacheSize(text: string): number {
  const checked = replyCacheBytesMax.safeParse(/^[0-9]+$/.test(text) ? Number(text) : text)
  if (!checked.success) throw new InvalidArgumentError(`It ${checked.error.issues[0]?.message}.`)
  return checked.data
}

function graceSeconds(text: string): number {
  return wholeNumber(text, graceSecondsMax)
}

function id(text: string): number {
  return wholeNumber(text, idMax)
}
