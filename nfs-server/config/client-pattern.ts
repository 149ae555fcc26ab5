import { isIP } from 'node:net'

/** Who an export is for: everybody, a block of addresses, or the addresses that a host name stands for. */
export type ClientPattern =
  | { readonly kind: 'any' }
  | { readonly kind: 'block'; readonly block: string }
  | { readonly kind: 'host'; readonly name: string }

const hostNameCharsMax = 253
const hostName = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?$/i

/** Parses '*', an address, a CIDR block or a host name. Throws an Error that says what would be right. */
export function parseClientPattern(text: string): ClientPattern {
  if (text === '*') return { kind: 'any' }
  // Which link a client is on nobody asks.
  if (text.includes('%'))
    throw new Error(`"${text}": an address is written without its zone ('%' and what follows)`)
  if (isIP(text) !== 0) return { kind: 'block', block: text }
  if (text.includes('/')) return { kind: 'block', block: checkBlock(text) }
  if (text.includes('*') || text.includes('?')) {
    throw new Error(`"${text}": wildcards in names are not supported; use a CIDR block, a host name or '*'`)
  }
  if (text.startsWith('@')) {
    throw new Error(`"${text}": netgroups are not supported; list addresses, CIDR blocks or host names`)
  }
  if (/^[0-9.]+$/.test(text)) throw new Error(`"${text}" is not a complete IPv4 address such as 192.0.2.1`)
  if (text.length > hostNameCharsMax || !hostName.test(text)) {
    throw new Error(`"${text}" is not an IP address, a CIDR block such as 192.0.2.0/24, a host name or '*'`)
  }
  return { kind: 'host', name: text }
}

function checkBlock(text: string): string {
  const [address = '', prefixText = '', ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) {
    throw new Error(`"${text}" is not a CIDR block such as 192.0.2.0/24 or 2001:db8::/32`)
  }
  const bits = family === 4 ? 32 : 128
  const prefix = Number(prefixText)
  if (!/^[0-9]{1,3}$/.test(prefixText) || prefix > bits) {
    const hint = prefixText.includes('.') ? '; write a netmask as its number of bits' : ''
    throw new Error(`"${text}": the part after '/' must be a number from 0 to ${bits}${hint}`)
  }
  return text
}
