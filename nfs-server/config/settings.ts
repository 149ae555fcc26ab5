import type { ExportOptions } from '../exports.ts'
import { defaultReplyCacheBytesMax } from '../reply-cache/limits.ts'
import type { RpcLimits } from '../rpc/limits.ts'
import type { SideChannelOptions } from '../side-channel/options.ts'

/** How the server makes its ports known to clients that ask port 111 (RFC 1833). */
export const rpcbindModes = ['auto', 'register', 'serve', 'off'] as const
export type RpcbindMode = (typeof rpcbindModes)[number]

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export const logFormats = ['auto', 'pretty', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

/** The bounds of the RPC layer that a config may change; the others have no use but in tests. */
export type ServerLimits = Pick<
  RpcLimits,
  | 'connectionsMax'
  | 'connectionsPerAddressMax'
  | 'callsMax'
  | 'callsPerConnectionMax'
  | 'memoryBytesMax'
  | 'recordBytesMax'
  | 'idleTimeoutMs'
  | 'busyPollUs'
>

/** Everything that `fsva-nfsd` needs to know, after the config file and the command line are merged. */
export interface Settings {
  readonly exports: readonly ExportOptions[]
  /** IP addresses to listen on. */
  readonly listen: readonly string[]
  /** 0: the system picks one. */
  readonly port: number
  readonly mountPort: number
  readonly rpcbind: RpcbindMode
  /** Where the handle key and the handle tables live. */
  readonly stateDirectory: string
  /** How long clients may take their locks back after a restart. */
  readonly graceSeconds: number
  /** Users' groups are looked up here. */
  readonly manageGids: boolean
  /** Undefined: none. */
  readonly sideChannel: SideChannelOptions | undefined
  /** Event loops that serve the NFS port. */
  readonly workers: number
  readonly limits: Partial<ServerLimits>
  /** 0: no reply cache. */
  readonly replyCacheBytesMax: number
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
  /** Undefined port: no metrics endpoint. */
  readonly metrics: { readonly listen: string; readonly port: number | undefined }
  /** How long a shutdown waits for calls in progress. */
  readonly drainSecondsMax: number
}

/** The ports that the NFS and MOUNT services are known by; 20048 is IANA's for mountd. */
export const nfsPort = 2049
export const mountPort = 20048

export const defaultDrainSecondsMax = 10
/** As long as other servers give: clients try for a minute or so to be told. */
export const defaultGraceSeconds = 90

/** State directory: systemd's, else the system's for root, else the user's. */
export function defaultStateDirectory(environment: NodeJS.ProcessEnv, uid: number): string {
  const fromSystemd = environment.STATE_DIRECTORY?.split(':')[0]
  if (fromSystemd) return fromSystemd
  if (uid === 0) return '/var/lib/fsva'
  const home = environment.XDG_STATE_HOME || `${environment.HOME || '/tmp'}/.local/state`
  return `${home}/fsva`
}

export function defaultSettings(environment: NodeJS.ProcessEnv, uid: number): Settings {
  return {
    exports: [],
    listen: ['127.0.0.1'],
    port: nfsPort,
    mountPort,
    rpcbind: 'auto',
    stateDirectory: defaultStateDirectory(environment, uid),
    graceSeconds: defaultGraceSeconds,
    manageGids: false,
    sideChannel: undefined,
    workers: 1,
    limits: {},
    replyCacheBytesMax: defaultReplyCacheBytesMax,
    log: { level: 'info', format: 'auto' },
    metrics: { listen: '127.0.0.1', port: undefined },
    drainSecondsMax: defaultDrainSecondsMax,
  }
}
