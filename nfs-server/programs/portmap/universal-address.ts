/**
 * Universal addresses (RFC 5665, section 5.2): the address as text, then the high and the low byte of the port in decimal,
 * all joined by dots; and the network identifiers of the transports that have them.
 */
import { isIPv4, isIPv6 } from 'node:net'

export const netids = ['tcp', 'udp', 'tcp6', 'udp6'] as const
export type Netid = (typeof netids)[number]

export interface HostPort {
  readonly host: string
  readonly port: number
}

export function isNetid(text: string): text is Netid {
  return (netids as readonly string[]).includes(text)
}

/** The network identifier of a transport over which an address is reached. */
export function netidOf(transport: 'tcp' | 'udp', address: string): Netid {
  return isIPv6(address) ? `${transport}6` : transport
}

export function formatUniversalAddress({ host, port }: HostPort): string {
  return `${host}.${port >>> 8}.${port & 0xff}`
}

/** Undefined if it is not a universal address of an IPv4 or IPv6 transport. */
export function parseUniversalAddress(text: string): HostPort | undefined {
  const match = /^(.{2,45})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const host = match[1]!
  const high = Number(match[2])
  const low = Number(match[3])
  if (high > 255 || low > 255 || (!isIPv4(host) && !isIPv6(host))) return undefined
  return { host, port: high * 256 + low }
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

export function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
