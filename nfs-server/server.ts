/** The library's front door: composes RPC, the programs and a file system into one server. */

import type { HostLookup } from './config/resolve-clients.ts'
import type { RpcbindMode } from './config/settings.ts'
import type { ExportOptions } from './exports.ts'
import type { Logger } from './log.ts'
import type { Metrics } from './metrics/metrics.ts'
import { NfsServer } from './nfs-server.ts'
import type { RpcLimits } from './rpc/limits.ts'
import type { SideChannelOptions } from './side-channel/options.ts'
import type { Vfs } from './vfs/vfs.ts'

/** An export as a program gives it: the path, and whatever differs from defaultExportOptions (exports.ts). */
export type ExportDefinition = Pick<ExportOptions, 'path'> & Partial<ExportOptions>

export interface ServerOptions {
  readonly exports: readonly ExportDefinition[]
  /**
   * The file system to serve; the one of the operating system if there is none. Any Vfs will do: access lists,
   * squashing, read-only exports and unforgeable handles are put around it. Export paths then are names in it.
   */
  readonly vfs?: Vfs | undefined
  /** IP addresses to listen on; 127.0.0.1 if undefined. */
  readonly listen?: string | readonly string[] | undefined
  /** NFS port; 2049 if undefined, 0 for any free one. */
  readonly port?: number | undefined
  /** MOUNT port, TCP and UDP; 20048 if undefined, 0 for any free one. */
  readonly mountPort?: number | undefined
  /** What to do about port 111 (RFC 1833); 'auto' if undefined. */
  readonly rpcbind?: RpcbindMode | undefined
  /** Where the handle key and the handle tables are kept. */
  readonly stateDir?: string | undefined
  /** How long clients may take their locks back after a restart; 90 if undefined. */
  readonly graceSeconds?: number | undefined
  /** Look users' groups up here, instead of believing calls, which can name only 16; false if undefined. */
  readonly manageGids?: boolean | undefined
  /** Shared memory with clients beside NFS; none if undefined. Only for the file system of the operating system. */
  readonly sideChannel?: SideChannelOptions | undefined
  /**
   * Event loops that serve the NFS port, this thread's among them; 1 to 16, 1 if undefined. More than one only for the
   * file system of the operating system.
   */
  readonly workers?: number | undefined
  readonly limits?: Partial<RpcLimits> | undefined
  /** Bytes for the replies that repeated calls get; 64 KiB to 1 GiB, 0 for no such cache. Default 16 MiB. */
  readonly replyCacheBytesMax?: number | undefined
  /** A pino logger; silent if undefined. */
  readonly log?: Logger | undefined
  /** How host names among the clients are looked up; by the system if undefined. */
  readonly hostLookup?: HostLookup | undefined
}

export interface SocketAddress {
  readonly address: string
  readonly port: number
}

/** A Unix socket's path, or an address. */
export type SideChannelAddress = string | SocketAddress

export interface ServerAddresses {
  /** One per address listened on. */
  readonly nfs: readonly SocketAddress[]
  readonly mount: readonly SocketAddress[]
  /** How clients that ask port 111 find this server; 'none': they have to be told the ports. */
  readonly rpcbind: 'registered' | 'served' | 'none'
  /** Where clients of the side channel come; empty if there is none. */
  readonly sideChannel: readonly SideChannelAddress[]
}

export interface Server {
  /** Opens every port, once; rejects, with all of them closed again, if one cannot be opened (ListenError). */
  start(): Promise<ServerAddresses>
  /** Replaces the exports. Calls that have begun finish under the old ones. */
  reload(exports: readonly ExportDefinition[]): Promise<void>
  /** Looks the host names among the clients up again. */
  refreshClients(): Promise<void>
  /**
   * Takes no new calls and finishes those in progress, for at most `deadlineMs`; then closes everything. Resolves
   * to how many calls were cut off.
   */
  drain(deadlineMs: number): Promise<number>
  /** Closes everything at once. */
  close(): Promise<void>
  readonly metrics: Metrics
}

/** A server that serves nothing until it is started. */
export function createServer(options: ServerOptions): Server {
  return new NfsServer(options)
}
