/** What has to hold for every generated codec. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Test } from 'tap'
import { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../../nfs-server/xdr/writer.ts'
import { XdrError } from '../../../nfs-server/xdr/xdr-error.ts'
import type { CodecCase } from './codec-cases.ts'
import { referenceEncode } from './reference-encoder.ts'

/** Runs a property over many codecs, one assertion each. */
export function forAll(
  t: Test,
  cases: readonly CodecCase[],
  property: (codec: CodecCase, numRuns: number) => void,
  numRuns: number,
): void {
  for (const codec of cases) {
    try {
      property(codec, numRuns)
      t.pass(codec.name)
    } catch (error) {
      t.fail(`${codec.name}: ${error}`)
    }
  }
}

function encoded(codec: CodecCase, value: unknown): Uint8Array {
  const writer = new XdrWriter()
  codec.encode(writer, value)
  return writer.bytes()
}

/** undefined if decoding throws an XdrError; anything else thrown is a failure. */
function attempt(codec: CodecCase, bytes: Uint8Array): { value: unknown } | XdrError {
  try {
    return { value: codec.decode(new XdrReader(bytes)) }
  } catch (error) {
    if (error instanceof XdrError) return error
    throw error
  }
}

/** The bytes are those of the RFC, and decoding them gives the value back and leaves nothing over. */
export function roundTrips(codec: CodecCase, numRuns: number): void {
  fc.assert(
    fc.property(codec.arbitrary, (value) => {
      const expected = referenceEncode(codec.model, codec.type, value)
      const bytes = encoded(codec, value)
      if (!expected.equals(bytes)) {
        throw new Error(`${Buffer.from(bytes).toString('hex')} is not ${expected.toString('hex')}`)
      }
      const reader = new XdrReader(bytes)
      const decoded = codec.decode(reader)
      reader.end()
      return isDeepStrictEqual(decoded, value)
    }),
    { numRuns },
  )
}

/** Every proper prefix of a message is an XdrError that says where. */
export function refusesTruncation(codec: CodecCase, numRuns: number): void {
  fc.assert(
    fc.property(codec.arbitrary, (value) => {
      const bytes = encoded(codec, value)
      for (let length = 0; length < bytes.length; length++) {
        const result = attempt(codec, bytes.subarray(0, length))
        if (!(result instanceof XdrError)) throw new Error(`decoded from ${length} of ${bytes.length} bytes`)
      }
    }),
    { numRuns },
  )
}

/** Bytes that nobody meant decode to a value that encodes again, or are an XdrError: nothing else. */
export function survivesCorruption(codec: CodecCase, numRuns: number): void {
  const words = fc.constantFrom(0xffffffff, 0x80000000, 0x7fffffff, 0x40000000, 0x10000, 1024, 2, 1, 0)
  fc.assert(
    fc.property(codec.arbitrary, words, (value, word) => {
      const bytes = Buffer.from(encoded(codec, value))
      for (let at = 0; at + 4 <= bytes.length; at += 4) {
        const original = bytes.readUInt32BE(at)
        bytes.writeUInt32BE(word, at)
        const result = attempt(codec, bytes)
        if (!(result instanceof XdrError)) encoded(codec, result.value)
        bytes.writeUInt32BE(original, at)
      }
    }),
    { numRuns },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const result = attempt(codec, bytes)
      if (!(result instanceof XdrError)) encoded(codec, result.value)
    }),
    { numRuns },
  )
}
