/** No length from the wire makes room for anything that the record does not hold. */
import t from 'tap'
import { nestingMax } from '../../../nfs-server/xdr/limits.ts'
import { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import { XdrError } from '../../../nfs-server/xdr/xdr-error.ts'
import * as everything from '../../fixtures/xdr/generated/everything.ts'
import { type CodecCase, protocolCases, protocols } from './codec-cases.ts'

/** Counts what the decoder asks for before it knows that the bytes are there. */
class CountingReader extends XdrReader {
  countMax = 0

  override readCount(max: number, elementBytesMin: number): number {
    const count = super.readCount(max, elementBytesMin)
    this.countMax = Math.max(this.countMax, count * elementBytesMin)
    return count
  }
}

const words = [0xffffffff, 0x80000000, 0x7fffffff, 0x40000001, 0x3fffffff, 0x10000]

function largestCount(codec: CodecCase): number {
  let largest = 0
  for (const word of words) {
    for (let position = 0; position < 24; position++) {
      const bytes = Buffer.alloc(96)
      for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(at === position * 4 ? word : 1, at)
      const reader = new CountingReader(bytes)
      try {
        codec.decode(reader)
      } catch (error) {
        if (!(error instanceof XdrError)) throw error
      }
      largest = Math.max(largest, reader.countMax)
    }
  }
  return largest
}

for (const protocol of protocols) {
  t.test(`${protocol}: counts never exceed the record`, async (t) => {
    for (const codec of await protocolCases(protocol)) t.ok(largestCount(codec) <= 96, codec.name)
  })
}

const repeated = (word: number, count: number) => {
  const bytes = Buffer.alloc(count * 4)
  for (let i = 0; i < count; i++) bytes.writeUInt32BE(word, i * 4)
  return bytes
}

t.test('elements without bytes are bounded', async (t) => {
  t.throws(() => everything.decodenothings(new XdrReader(repeated(0xffffffff, 1))), {
    message: 'nothings: count 4294967295 of elements without bytes exceeds the limit of 1024',
  })
  t.equal(everything.decodenothings(new XdrReader(repeated(1024, 1))).length, 1024)
})

t.test('types that contain themselves do not exhaust the stack', async (t) => {
  const bytes = repeated(1, 1_000_000)
  t.throws(() => everything.decodetree(new XdrReader(bytes)), {
    name: 'XdrError',
    reason: 'nested more than 64 deep',
  })
  t.throws(() => everything.decodechain_link(new XdrReader(bytes)), { name: 'XdrError' })
  const balanced = repeated(0, 3 * (nestingMax + 1))
  t.same(everything.decodetree(new XdrReader(balanced)), { value: 0, left: undefined, right: undefined })
})

t.test('long linked lists are loops', async (t) => {
  const links = 200_000
  const bytes = repeated(1, links * 3 + 1)
  bytes.writeUInt32BE(0, links * 12)
  const list = everything.decodepair_listList(new XdrReader(bytes))
  t.equal(list.length, links)
})
