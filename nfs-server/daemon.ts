import { isIPv6 } from 'node:net'
import { type CommandLine, parseCommandLine, usageExitCode } from './command-line.ts'
import { buildSettings } from './config/build-settings.ts'
import type { Settings } from './config/settings.ts'
import { explainStartError, ListenError } from './explain-start-error.ts'
import { createLog, type Logger } from './log.ts'
import { MetricsEndpoint } from './metrics/metrics-endpoint.ts'
import { isStartedByNpx, whenParentEnds } from './npx-parent.ts'
import { SystemdNotifier } from './sd-notify.ts'
import { createServer, type Server, type SocketAddress } from './server.ts'
import { mapLargeBuffers } from './vfs/native-core.ts'

const startFailedExitCode = 1
/** As a shell reports a process that died of the signal. */
const exitCodeOfSignal = { SIGINT: 130, SIGTERM: 143 } as const

/** How often host names among the clients are looked up again. */
const hostRefreshMs = 5 * 60 * 1000

/** Runs fsva-nfsd until a signal ends it. */
export async function runDaemon(args: readonly string[], version: string): Promise<void> {
  let commandLine: CommandLine
  let built: ReturnType<typeof buildSettings>
  try {
    commandLine = parseCommandLine(args, version)
    built = buildSettings(commandLine.settings, process.env, process.getuid?.() ?? 0)
  } catch (error) {
    fail(explainStartError(error), usageExitCode)
  }
  const { settings, warnings } = built
  if (commandLine.checkConfig) {
    for (const warning of warnings) process.stderr.write(`fsva-nfsd: warning: ${warning}\n`)
    const count = settings.exports.length
    process.stdout.write(
      `fsva-nfsd: the configuration is good: ${count} ${count === 1 ? 'export' : 'exports'}\n`,
    )
    return
  }
  // Files get the modes that their creators ask for, clients' files on any thread, and our own all say theirs.
  process.umask(0)
  mapLargeBuffers()
  const log = createLog(settings.log.level, settings.log.format)
  for (const warning of warnings) log.warn(warning)
  // Whoever read the ready line may close the pipe; that is no reason to stop serving.
  process.stdout.on('error', () => {})
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a bug: the server cannot go on; clients wait until it is started again')
    process.exit(startFailedExitCode)
  })
  try {
    await new Daemon(commandLine, settings, log).start()
  } catch (error) {
    log.fatal(explainStartError(error))
    if (settings.log.level === 'silent') process.stderr.write(`fsva-nfsd: ${explainStartError(error)}\n`)
    process.exit(startFailedExitCode)
  }
}

function fail(message: string, exitCode: number): never {
  process.stderr.write(`fsva-nfsd: ${message.replaceAll('\n', '\n  ')}\n`)
  process.exit(exitCode)
}

/** One server with its signals, its metrics endpoint and its place under systemd. */
class Daemon {
  readonly #commandLine: CommandLine
  readonly #settings: Settings
  readonly #log: Logger
  readonly #server: Server
  readonly #systemd = new SystemdNotifier()
  #metricsEndpoint: MetricsEndpoint | undefined
  readonly #started = Promise.withResolvers<void>()
  #reloading: Promise<void> = this.#started.promise
  #stopping = false

  constructor(commandLine: CommandLine, settings: Settings, log: Logger) {
    this.#commandLine = commandLine
    this.#settings = settings
    this.#log = log
    this.#server = createServer({
      exports: settings.exports,
      listen: settings.listen,
      port: settings.port,
      mountPort: settings.mountPort,
      rpcbind: settings.rpcbind,
      stateDir: settings.stateDirectory,
      graceSeconds: settings.graceSeconds,
      manageGids: settings.manageGids,
      sideChannel: settings.sideChannel,
      workers: settings.workers,
      replyCacheBytesMax: settings.replyCacheBytesMax,
      limits: settings.limits,
      log,
    })
  }

  async start(): Promise<void> {
    const { metrics, listen, exports } = this.#settings
    // Whoever has changed the config does not know how far we are.
    process.on('SIGHUP', () => {
      this.#reloading = this.#reloading.then(() => this.#reload())
    })
    const addresses = await this.#server.start()
    const ready = [
      'fsva-nfsd ready:',
      `nfs ${shownAddresses(addresses.nfs)}`,
      `mount ${shownAddresses(addresses.mount)}`,
    ]
    if (metrics.port !== undefined) {
      const address = await this.#startMetrics(metrics.listen, metrics.port)
      ready.push(`metrics ${shownAddresses([address])}`)
    }
    if (addresses.sideChannel.length > 0) {
      const shown = addresses.sideChannel.map((one) =>
        typeof one === 'string' ? shownPath(one) : shownAddresses([one]),
      )
      ready.push(`side-channel ${shown.join(',')}`)
    }
    this.#listenToSignals()
    setInterval(() => this.#refreshHosts(), hostRefreshMs).unref()
    ready.push(`exports ${exports.map((entry) => shownPath(entry.path)).join(' ')}`)
    process.stdout.write(`${ready.join(' ')}\n`)
    await this.#tellSystemd('--ready', `--status=Serving ${exports.length} exports on ${listen.join(', ')}`)
    this.#started.resolve()
  }

  async #startMetrics(address: string, port: number): Promise<SocketAddress> {
    this.#server.metrics.collectProcess()
    this.#metricsEndpoint = new MetricsEndpoint(this.#server.metrics)
    try {
      return { address, port: await this.#metricsEndpoint.listen(address, port) }
    } catch (error) {
      throw new ListenError('metrics', address, port, error)
    }
  }

  #listenToSignals(): void {
    process.on('SIGUSR1', () => this.#logSummaryOfNow())
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.#stopping) process.exit(exitCodeOfSignal[signal])
        void this.#stop(signal)
      })
    }
    if (isStartedByNpx(process.env, 'fsva-nfsd')) {
      whenParentEnds(() => {
        if (!this.#stopping) void this.#stop('npx has ended')
      })
    }
  }

  /** A config that cannot be used changes nothing: the exports stay as they are. */
  async #reload(): Promise<void> {
    await this.#tellSystemd('--status=Reloading the configuration')
    try {
      const given = this.#commandLine.settings
      const { settings, warnings } = buildSettings(given, process.env, process.getuid?.() ?? 0)
      for (const warning of warnings) this.#log.warn(warning)
      for (const name of needRestart(this.#settings, settings)) {
        this.#log.warn(`${name} has changed: this takes effect when fsva-nfsd is started again`)
      }
      await this.#server.reload(settings.exports)
      this.#log.info({ exports: settings.exports.map((entry) => entry.path) }, 'configuration reloaded')
    } catch (error) {
      this.#log.error(`configuration not reloaded, the old one stays in force: ${explainStartError(error)}`)
    }
    await this.#tellSystemd(`--status=Serving on ${this.#settings.listen.join(', ')}`)
  }

  async #refreshHosts(): Promise<void> {
    try {
      await this.#server.refreshClients()
    } catch (error) {
      this.#log.error({ err: error }, 'looking up the host names of clients again failed')
    }
  }

  async #stop(signal: string): Promise<void> {
    this.#stopping = true
    const deadlineMs = this.#settings.drainSecondsMax * 1000
    this.#log.info(`${signal}: finishing calls in progress, for at most ${this.#settings.drainSecondsMax} s`)
    const told = this.#tellSystemd('--stopping')
    try {
      const left = await this.#server.drain(deadlineMs)
      if (left > 0) this.#log.warn(`${left} calls were still in progress at the deadline`)
      await this.#server.close()
    } catch (error) {
      this.#log.error({ err: error }, 'shutting down')
    }
    this.#metricsEndpoint?.close()
    this.#logSummary('stopped; calls served')
    await told
    process.exit(0)
  }

  async #logSummaryOfNow(): Promise<void> {
    await this.#server.metrics.refresh()
    this.#logSummary('calls served so far')
  }

  #logSummary(message: string): void {
    const { metrics } = this.#server
    const { connectionsAccepted, bytesReceived, bytesSent } = metrics.transport
    this.#log.info({ calls: metrics.summary(), connectionsAccepted, bytesReceived, bytesSent }, message)
  }

  async #tellSystemd(...state: readonly string[]): Promise<void> {
    const failure = await this.#systemd.notify(...state)
    if (failure !== undefined) this.#log.warn(`cannot notify systemd: ${failure}`)
  }
}

/** Settings that only a new start applies, by their name in the config file. */
function needRestart(old: Settings, fresh: Settings): string[] {
  const fields = {
    listen: 'listen',
    port: 'port',
    mountPort: 'mount_port',
    rpcbind: 'rpcbind',
    stateDirectory: 'state_directory',
    graceSeconds: 'grace_seconds',
    manageGids: 'manage_gids',
    sideChannel: 'side_channel',
    workers: 'workers',
    replyCacheBytesMax: 'limits.reply_cache_bytes_max',
    limits: 'limits',
    log: 'log',
    metrics: 'metrics',
    drainSecondsMax: 'drain_seconds_max',
  } as const
  return Object.entries(fields)
    .filter(([field]) => {
      const name = field as keyof typeof fields
      return JSON.stringify(old[name]) !== JSON.stringify(fresh[name])
    })
    .map(([, name]) => name)
}

function shownAddresses(addresses: readonly SocketAddress[]): string {
  return addresses
    .map(({ address, port }) => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`))
    .join(',')
}

/** The ready line separates paths by spaces, so white space in a path is written as %20 and the like. */
function shownPath(path: string): string {
  return path.replace(/[\s%]/g, (character) => encodeURIComponent(character))
}
