/**
 * The generated decoders against the grammar: of any bytes, they take those for a value that the `.x` file takes for one
 * (test/fuzz/reference-decoder.ts walks it), use as many of them, and nothing else ever comes out than an XdrError.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../../nfs-server/xdr/writer.ts'
import { XdrError } from '../../../nfs-server/xdr/xdr-error.ts'
import { mutate } from '../../fuzz/mutation.ts'
import { Random } from '../../fuzz/random.ts'
import { endOfValue } from '../../fuzz/reference-decoder.ts'
import { type CodecCase, protocolCases, protocols } from './codec-cases.ts'
import { forAll } from './codec-properties.ts'
import { referenceEncode } from './reference-encoder.ts'

/** The offset behind the value; undefined if there is none. */
function endByDecoder({ decode, encode }: CodecCase, bytes: Buffer): number | undefined {
  const reader = new XdrReader(bytes)
  let value: unknown
  try {
    value = decode(reader)
  } catch (error) {
    if (error instanceof XdrError) return undefined
    throw error
  }
  const writer = new XdrWriter()
  encode(writer, value)
  if (!isDeepStrictEqual(decode(new XdrReader(writer.bytes())), value))
    throw new Error('encodes to another value')
  return bytes.length - reader.remaining
}

function agrees(codec: CodecCase, bytes: Buffer): void {
  const expected = endOfValue(codec.model, codec.type, bytes, 0)
  const found = endByDecoder(codec, bytes)
  if (found !== expected) throw new Error(`${found} instead of ${expected}: ${bytes.toString('hex')}`)
}

/** Changed as the fuzzer changes messages; every word may be one that says what follows. */
function agreesWithGrammar(codec: CodecCase, numRuns: number): void {
  fc.assert(
    fc.property(codec.arbitrary, codec.arbitrary, fc.nat(), (value, other, seed) => {
      const bytes = referenceEncode(codec.model, codec.type, value)
      agrees(codec, bytes)
      // `mutate` leaves the first word alone, which is a message's xid.
      const message = Buffer.concat([Buffer.alloc(4), bytes])
      const otherMessage = Buffer.concat([Buffer.alloc(4), referenceEncode(codec.model, codec.type, other)])
      const words = Array.from({ length: bytes.length >> 2 }, (_, index) => 4 + 4 * index)
      for (let round = 0; round < 8; round++) {
        const mutated = mutate(new Random(seed, round), message, words, 4, otherMessage)
        agrees(codec, mutated.subarray(4))
      }
    }),
    { numRuns },
  )
}

for (const protocol of protocols) {
  t.test(`${protocol}: decoders and grammar agree on any bytes`, async (t) => {
    forAll(t, await protocolCases(protocol), agreesWithGrammar, 20)
  })
}
