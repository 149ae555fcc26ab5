import { isIPv4 } from 'node:net'
import { resolve } from 'node:path'
import { defaultExportOptions, type ExportOptions } from '../exports.ts'
import { defaultRpcLimits } from '../rpc/limits.ts'
import { wrongShare } from '../workers/shares.ts'
import { checkExports, checkStateDirectory, type ExportFinding } from './check-exports.ts'
import { ConfigError, type ConfigProblem, problemWithoutPlace } from './config-error.ts'
import { type LoadedConfig, loadConfig } from './load-config.ts'
import type { ConfigFile, ExportEntry } from './schema.ts'
import { defaultSettings, type RpcbindMode, type ServerLimits, type Settings } from './settings.ts'
import { checkSideChannel, sideChannelFrom } from './side-channel.ts'

/** The command line's part of the settings; undefined and empty mean "not given". */
export interface CommandLineSettings {
  readonly config: string | undefined
  readonly exports: readonly ExportOptions[]
  readonly listen: readonly string[]
  readonly port: number | undefined
  readonly mountPort: number | undefined
  readonly rpcbind: RpcbindMode | undefined
  readonly stateDirectory: string | undefined
  readonly graceSeconds: number | undefined
  readonly manageGids: boolean | undefined
  readonly sideChannelSocket: string | undefined
  readonly workers: number | undefined
  readonly replyCacheBytesMax: number | undefined
  readonly logLevel: Settings['log']['level'] | undefined
  readonly logFormat: Settings['log']['format'] | undefined
  readonly metricsPort: number | undefined
}

/**
 * Defaults, config file and command line, the later ones winning (exports add up). Throws ConfigError;
 * `warnings` are for the log.
 */
export function buildSettings(
  given: CommandLineSettings,
  environment: NodeJS.ProcessEnv,
  uid: number,
): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const loaded = given.config === undefined ? undefined : loadConfig(given.config)
  const defaults = defaultSettings(environment, uid)
  const file = loaded === undefined ? defaults : fromFile(loaded.config, defaults)
  const settings: Settings = {
    ...file,
    exports: [...file.exports, ...given.exports],
    listen: given.listen.length > 0 ? given.listen : file.listen,
    port: given.port ?? file.port,
    mountPort: given.mountPort ?? file.mountPort,
    rpcbind: given.rpcbind ?? file.rpcbind,
    stateDirectory: resolve(given.stateDirectory ?? file.stateDirectory),
    graceSeconds: given.graceSeconds ?? file.graceSeconds,
    manageGids: given.manageGids ?? file.manageGids,
    sideChannel: withSocket(file.sideChannel, given.sideChannelSocket),
    workers: given.workers ?? file.workers,
    replyCacheBytesMax: given.replyCacheBytesMax ?? file.replyCacheBytesMax,
    log: { level: given.logLevel ?? file.log.level, format: given.logFormat ?? file.log.format },
    metrics: { ...file.metrics, port: given.metricsPort ?? file.metrics.port },
  }
  if (settings.exports.length === 0) {
    throw new ConfigError([problemWithoutPlace('nothing to export: give --export DIR or --config FILE')])
  }
  const listening = wrongListening(settings)
  if (listening !== undefined) throw new ConfigError([problemWithoutPlace(listening)])
  const tooLittle = wrongShares(settings)
  if (tooLittle !== undefined) throw new ConfigError([problemWithoutPlace(tooLittle)])
  const wrongChannel = checkSideChannel(settings)
  if (wrongChannel.length > 0 && loaded !== undefined) {
    throw new ConfigError(wrongChannel.map(({ path, message }) => loaded.problemAt(path, message)))
  }
  const findings = checkExports(settings.exports).map((finding) => ({
    severity: finding.severity,
    problem: place(finding, loaded, file.exports.length),
  }))
  const errors = findings.filter((finding) => finding.severity === 'error')
  if (errors.length > 0) throw new ConfigError(errors.map((finding) => finding.problem))
  const warnings = findings.map((finding) => new ConfigError([finding.problem]).message)
  return {
    settings,
    warnings: [...warnings, ...checkStateDirectory(settings.exports, settings.stateDirectory)],
  }
}

function withSocket(
  sideChannel: Settings['sideChannel'],
  socket: string | undefined,
): Settings['sideChannel'] {
  return socket === undefined ? sideChannel : { ...sideChannel, socket: resolve(socket) }
}

/** What would fail as "address in use", without another program being there. */
function wrongListening({ listen, port, mountPort }: Settings): string | undefined {
  if (port !== 0 && port === mountPort) {
    return `NFS and MOUNT cannot share port ${port}: choose another with --mount-port`
  }
  const twice = listen.find((address, index) => listen.indexOf(address) !== index)
  if (twice !== undefined) return `listen has ${twice} twice`
  if (listen.includes('::') && listen.length > 1) {
    return 'listen has "::", which is every address, IPv4 too: leave the others out'
  }
  if (listen.includes('0.0.0.0') && listen.filter((address) => isIPv4(address)).length > 1) {
    return 'listen has 0.0.0.0, which is every IPv4 address: leave the other IPv4 addresses out'
  }
  return undefined
}

function wrongShares({ workers, limits }: Settings): string | undefined {
  const wrong = wrongShare({ ...defaultRpcLimits, ...limits }, workers)
  return wrong && `limits.${keyOfShared[wrong.limit]} ${wrong.problem}`
}

const keyOfShared = { memoryBytesMax: 'memory_bytes_max', callsMax: 'calls_max' } as const

function place(finding: ExportFinding, loaded: LoadedConfig | undefined, fromFile: number): ConfigProblem {
  if (loaded === undefined || finding.index >= fromFile) return problemWithoutPlace(finding.message)
  const field = keyOf[finding.field]
  return loaded.problemAt(['exports', finding.index, field], finding.message)
}

const keyOf: Readonly<Record<keyof ExportOptions, keyof ExportEntry>> = {
  path: 'path',
  clients: 'clients',
  readOnly: 'read_only',
  squash: 'squash',
  anonuid: 'anonuid',
  anongid: 'anongid',
  secure: 'secure',
  fsid: 'fsid',
  sync: 'sync',
  sideChannel: 'side_channel',
  mappedStores: 'mapped_stores',
}

function fromFile(config: ConfigFile, defaults: Settings): Settings {
  return {
    exports: config.exports.map(exportFrom),
    listen: config.listen ?? defaults.listen,
    port: config.port ?? defaults.port,
    mountPort: config.mount_port ?? defaults.mountPort,
    rpcbind: config.rpcbind ?? defaults.rpcbind,
    stateDirectory: config.state_directory ?? defaults.stateDirectory,
    graceSeconds: config.grace_seconds ?? defaults.graceSeconds,
    manageGids: config.manage_gids ?? defaults.manageGids,
    sideChannel: sideChannelFrom(config.side_channel),
    workers: config.workers ?? defaults.workers,
    limits: limitsFrom(config.limits),
    replyCacheBytesMax: config.limits?.reply_cache_bytes_max ?? defaults.replyCacheBytesMax,
    log: {
      level: config.log?.level ?? defaults.log.level,
      format: config.log?.format ?? defaults.log.format,
    },
    metrics: {
      listen: config.metrics?.listen ?? defaults.metrics.listen,
      port: config.metrics?.port ?? defaults.metrics.port,
    },
    drainSecondsMax: config.drain_seconds_max ?? defaults.drainSecondsMax,
  }
}

/** Only what the file gives: the defaults are the RPC layer's. */
function limitsFrom(limits: ConfigFile['limits'] = {}): Partial<ServerLimits> {
  const named: { [K in keyof ServerLimits]: ServerLimits[K] | undefined } = {
    connectionsMax: limits.connections_max,
    connectionsPerAddressMax: limits.connections_per_address_max,
    callsMax: limits.calls_max,
    callsPerConnectionMax: limits.calls_per_connection_max,
    memoryBytesMax: limits.memory_bytes_max,
    recordBytesMax: limits.record_bytes_max,
    idleTimeoutMs: limits.idle_timeout_ms,
    busyPollUs: limits.busy_poll_us,
  }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
}

function exportFrom(entry: ExportEntry): ExportOptions {
  return {
    path: entry.path,
    clients: entry.clients ?? defaultExportOptions.clients,
    readOnly: entry.read_only ?? defaultExportOptions.readOnly,
    squash: entry.squash ?? defaultExportOptions.squash,
    anonuid: entry.anonuid ?? defaultExportOptions.anonuid,
    anongid: entry.anongid ?? defaultExportOptions.anongid,
    secure: entry.secure ?? defaultExportOptions.secure,
    fsid: entry.fsid,
    sync: entry.sync ?? defaultExportOptions.sync,
    sideChannel: entry.side_channel ?? defaultExportOptions.sideChannel,
    mappedStores: entry.mapped_stores ?? defaultExportOptions.mappedStores,
  }
}
