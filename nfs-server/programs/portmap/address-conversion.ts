/**
 * RPCBPROC_UADDR2TADDR and RPCBPROC_TADDR2UADDR (RFC 1833, section 2.2.1): between universal addresses and this machine's
 * sockaddr_in and sockaddr_in6. What cannot be converted gives an empty result.
 */
import { isIPv4 } from 'node:net'
import { endianness } from 'node:os'
import type { netbuf } from '../../xdr/generated/rpcbind.ts'
import { formatUniversalAddress, parseUniversalAddress } from './universal-address.ts'

const AF_INET = 2
const AF_INET6 = 10
const sockaddrInBytes = 16
const sockaddrIn6Bytes = 28

export function uaddr2taddr(text: string): netbuf {
  const address = parseUniversalAddress(text)
  if (address === undefined) return { maxlen: 0, buf: new Uint8Array(0) }
  const ipv4 = isIPv4(address.host)
  const buf = Buffer.alloc(ipv4 ? sockaddrInBytes : sockaddrIn6Bytes)
  writeFamily(buf, ipv4 ? AF_INET : AF_INET6)
  buf.writeUInt16BE(address.port, 2)
  if (ipv4) buf.set(address.host.split('.').map(Number), 4)
  else for (const [i, word] of wordsOfIPv6(address.host).entries()) buf.writeUInt16BE(word, 8 + 2 * i)
  return { maxlen: buf.length, buf }
}

export function taddr2uaddr({ buf }: netbuf): string {
  if (buf.byteLength < sockaddrInBytes) return ''
  const bytes = Buffer.from(buf.buffer, buf.byteOffset, buf.byteLength)
  const family = endianness() === 'LE' ? bytes.readUInt16LE(0) : bytes.readUInt16BE(0)
  const port = bytes.readUInt16BE(2)
  if (family === AF_INET) return formatUniversalAddress({ host: bytes.subarray(4, 8).join('.'), port })
  if (family !== AF_INET6 || bytes.length < sockaddrIn6Bytes) return ''
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(8 + 2 * i).toString(16))
  // URL writes an address the canonical way (RFC 5952).
  const host = new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
  return formatUniversalAddress({ host, port })
}

function writeFamily(buf: Buffer, family: number): void {
  if (endianness() === 'LE') buf.writeUInt16LE(family, 0)
  else buf.writeUInt16BE(family, 0)
}

function wordsOfIPv6(host: string): number[] {
  const canonical = new URL(`http://[${host.split('%')[0]}]`).hostname.slice(1, -1)
  const [head, tail] = canonical.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const zeros = new Array(8 - head!.length - (tail?.length ?? 0)).fill('0')
  return [...head!, ...zeros, ...(tail ?? [])].map((word) => Number.parseInt(word, 16))
}
