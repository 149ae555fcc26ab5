/**
 * Wire bytes as people write them: hexadecimal words, `#` comments to the end of the line. A text that goes into
 * another one and ends with a comment ends with a newline.
 */
import type { Test } from 'tap'
import { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../../nfs-server/xdr/writer.ts'

export function wire(text: string): Buffer {
  const hex = text.replace(/#.*$/gm, '').replace(/\s+/g, '')
  if (!/^([0-9a-f]{8})*$/i.test(hex)) throw new Error(`not words of 4 bytes: ${hex}`)
  return Buffer.from(hex, 'hex')
}

/** The bytes of a name, as the decoder gives them. */
export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'ascii'))
}

export function octets(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** `bytes` decode to `value`, all of them, and `value` encodes to `bytes`. */
export function bothWays<T>(
  t: Test,
  name: string,
  codec: { decode: (reader: XdrReader) => T; encode: (writer: XdrWriter, value: T) => void },
  bytes: Buffer,
  value: T,
): void {
  const reader = new XdrReader(bytes)
  t.strictSame(codec.decode(reader), value, `${name} decoded`)
  t.equal(reader.remaining, 0, `${name} decoded to its end`)
  const writer = new XdrWriter()
  codec.encode(writer, value)
  t.equal(Buffer.from(writer.bytes()).toString('hex'), bytes.toString('hex'), `${name} encoded`)
}

interface Codecs<A, R> {
  decodeArguments: (reader: XdrReader) => A
  encodeArguments: (writer: XdrWriter, value: A) => void
  decodeResult: (reader: XdrReader) => R
  encodeResult: (writer: XdrWriter, value: R) => void
}

export function argumentsBothWays<A, R>(
  t: Test,
  procedure: Codecs<A, R> & { name: string },
  text: string,
  value: A,
): void {
  const codec = { decode: procedure.decodeArguments, encode: procedure.encodeArguments }
  bothWays(t, `${procedure.name} arguments`, codec, wire(text), value)
}

export function resultBothWays<A, R>(
  t: Test,
  procedure: Codecs<A, R> & { name: string },
  text: string,
  value: R,
): void {
  const codec = { decode: procedure.decodeResult, encode: procedure.encodeResult }
  bothWays(t, `${procedure.name} result`, codec, wire(text), value)
}
