import { availableParallelism } from 'node:os'

/** Every bound of the RPC layer. All of it is reachable by an unauthenticated peer, so nothing here may be infinite. */
export interface RpcLimits {
  /** Largest record accepted, all fragments together. A 1 MiB WRITE needs 1 MiB + header, handle and credential. */
  readonly recordBytesMax: number
  /** Fragments of one record (RFC 5531, section 11); libtirpc cuts about every 4 KB. */
  readonly fragmentsMax: number
  /** Calls of one connection whose reply is not there yet; reading stops at this many. */
  readonly callsPerConnectionMax: number
  /** What its calls, their replies and unsent ones may hold; reading stops when they exceed this. */
  readonly bytesPerConnectionMax: number
  /** Outstanding calls over all connections. */
  readonly callsMax: number
  /**
   * What connections, records that arrive, calls and replies hold together, buffers counted whole. The process takes
   * more: docs/fsva-nfsd.8.md, MEMORY.
   */
  readonly memoryBytesMax: number
  /** Reply bytes the peer has not taken; reading stops when they exceed this. */
  readonly replyBytesUnsentPerConnectionMax: number
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** A connection without a call for this long is closed; clients reconnect by themselves. */
  readonly idleTimeoutMs: number
  /** A peer that takes none of its replies for this long is dropped. */
  readonly sendTimeoutMs: number
  /** A record that was begun has to be complete within this time. */
  readonly recordTimeoutMs: number
  /** Distinct credentials remembered per connection. */
  readonly credentialsPerConnectionMax: number
  /** Calls by UDP whose reply is not there yet; more are dropped, the client repeats them. */
  readonly udpCallsMax: number
  /** Larger replies are not sent by UDP: the source address may be forged, and replies must not amplify much. */
  readonly udpReplyBytesMax: number
  /** How long the event loop looks for the next call instead of sleeping, in microseconds; 0 for not at all. */
  readonly busyPollUs: number
}

export const defaultRpcLimits: RpcLimits = {
  recordBytesMax: (1 << 20) + 4096,
  fragmentsMax: 2048,
  callsPerConnectionMax: 256,
  bytesPerConnectionMax: 16 << 20,
  callsMax: 8192,
  memoryBytesMax: 512 << 20,
  replyBytesUnsentPerConnectionMax: 4 << 20,
  connectionsMax: 1024,
  connectionsPerAddressMax: 128,
  idleTimeoutMs: 6 * 60_000,
  sendTimeoutMs: 60_000,
  recordTimeoutMs: 60_000,
  credentialsPerConnectionMax: 256,
  udpCallsMax: 64,
  udpReplyBytesMax: 1400,
  // With one CPU, the client that is waited for could not run meanwhile.
  busyPollUs: availableParallelism() > 1 ? 200 : 0,
}
