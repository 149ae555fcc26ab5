/**
 * Who makes a call: what the transport and the RPC credential say, before any export policy (squashing,
 * access lists) is applied. One object per distinct credential and connection, so that whoever keeps
 * something per caller (the native core's caller id, for one) may key a WeakMap by it.
 */
export interface Caller {
  /** Textual IP address of the peer, without port; IPv4-mapped IPv6 addresses are written as IPv4. */
  readonly address: string
  /** The peer's source port. */
  readonly port: number
  /** RPC authentication flavor (RFC 5531, section 8.2): AUTH_NONE or AUTH_SYS. */
  readonly flavor: 'none' | 'sys'
  /** AUTH_SYS uid; for AUTH_NONE -1, which every policy maps to the anonymous user. */
  readonly uid: number
  /** AUTH_SYS gid; for AUTH_NONE -1. */
  readonly gid: number
  /** AUTH_SYS supplementary groups, at most 16 (RFC 5531, appendix A), or the user's own as this machine knows them. */
  readonly gids: readonly number[]
}
