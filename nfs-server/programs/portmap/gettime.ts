/** RPCBPROC_GETTIME (RFC 1833, section 2.2.1): seconds since 1970. */
export function gettime(): number {
  return Math.floor(Date.now() / 1000) >>> 0
}
