import fc from 'fast-check'
import t from 'tap'
import { type Chunk, hold, release, takeBuffer } from '../../../nfs-server/rpc/buffer-pool.ts'
import { RecordMarkingError, RecordReader } from '../../../nfs-server/rpc/record-marking.ts'

const limits = { recordBytesMax: 1 << 20, fragmentsMax: 64 }

function mark(length: number, isLast = true): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE((isLast ? 0x8000_0000 : 0) + length)
  return bytes
}

/** A record with its marks, cut into fragments at the given places. */
function marked(record: Uint8Array, cuts: readonly number[] = []): Buffer {
  const edges = [0, ...cuts.map((cut) => cut % (record.length + 1)).sort((a, b) => a - b), record.length]
  const parts: Uint8Array[] = []
  for (let i = 1; i < edges.length; i++) {
    const fragment = record.subarray(edges[i - 1], edges[i])
    parts.push(mark(fragment.length, i === edges.length - 1), fragment)
  }
  return Buffer.concat(parts)
}

/** Puts bytes where the reader wants them, as the kernel would; answers how many found room. */
function arrive(reader: RecordReader, into: Uint8Array, bytes: Uint8Array): number {
  const count = Math.min(into.length, bytes.length)
  into.set(bytes.subarray(0, count))
  reader.filled(count)
  return count
}

function readAll(reader: RecordReader, stream: Uint8Array): Buffer[] {
  const records: Buffer[] = []
  for (let at = 0; at < stream.length; ) {
    at += arrive(reader, reader.buffer(), stream.subarray(at))
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      records.push(Buffer.from(record))
      release(reader.own)
    }
  }
  return records
}

function patterned(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 7 + (i >> 8)) & 0xff
  return bytes
}

const recordLength = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(20_000) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 140_000 }) },
)

t.test('any records, in any fragments, arriving in any pieces, with pauses and held records', async () => {
  const record = fc.record({
    length: recordLength,
    cuts: fc.oneof(fc.constant([]), fc.array(fc.nat(), { maxLength: 5 })),
  })
  const step = fc.record({
    /** Bytes that one read finds. */
    arrives: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 70_000 })),
    /** Records taken before reading goes on although there may be more, as when replies are not taken. */
    takes: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(2)),
    isHeld: fc.boolean(),
    holdsFor: fc.nat(5),
  })
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 40 }),
      fc.array(step, { minLength: 1, maxLength: 30 }),
      (records, steps) => {
        const sent = records.map(({ length }, i) => patterned(length, i))
        const stream = Buffer.concat(sent.map((bytes, i) => marked(bytes, records[i]!.cuts)))
        const reader = new RecordReader(limits)
        let held: { record: Buffer; chunk: Chunk | undefined; index: number; until: number }[] = []
        let taken = 0
        let at = 0
        let room = reader.buffer()
        for (let turn = 0; at < stream.length || taken < sent.length; turn++) {
          const { arrives, takes, isHeld, holdsFor } = steps[turn % steps.length]!
          let isDrained = false
          for (let i = 0; i < Math.max(takes, 1) && !isDrained; i++) {
            const record = reader.next()
            isDrained = record === undefined
            if (record === undefined) continue
            if (!record.equals(sent[taken]!)) throw new Error(`record ${taken} differs`)
            const { own } = reader
            if (isHeld)
              held.push({ record, chunk: own ?? hold(record), index: taken, until: turn + holdsFor })
            else release(own)
            taken++
          }
          for (const { record, index } of held) {
            if (!record.equals(sent[index]!)) throw new Error(`held record ${index} was overwritten`)
          }
          for (const { chunk } of held.filter(({ until }) => until <= turn)) release(chunk)
          held = held.filter(({ until }) => until > turn)
          // A socket stops reading while records wait, and its buffer is asked for right after each read.
          if (!isDrained) continue
          if (at === stream.length) {
            if (taken < sent.length) throw new Error(`record ${taken} is lost`)
            continue
          }
          at += arrive(reader, room, stream.subarray(at, at + arrives))
          room = reader.buffer()
          if (room.length === 0) throw new Error('no room to read to')
        }
        return reader.atBoundary && reader.next() === undefined
      },
    ),
    { numRuns: 300 },
  )
})

t.test('one-byte fragments', async (t) => {
  const bytes = patterned(limits.fragmentsMax, 1)
  const stream = Buffer.concat(
    [...bytes].map((byte, i) => Buffer.concat([mark(1, i === bytes.length - 1), Buffer.of(byte)])),
  )
  t.same(readAll(new RecordReader(limits), Buffer.concat([stream, stream])), [bytes, bytes])
})

t.test('empty fragments and empty records', async (t) => {
  const stream = Buffer.concat([
    mark(0),
    mark(0, false),
    mark(2, false),
    Buffer.from('ab'),
    mark(0, false),
    mark(0),
  ])
  t.same(readAll(new RecordReader(limits), stream), [Buffer.alloc(0), Buffer.from('ab')])
})

t.test('a record that arrived whole is a view of what was read', async (t) => {
  const reader = new RecordReader(limits)
  const room = reader.buffer()
  arrive(reader, room, marked(patterned(100, 1)))
  t.equal(reader.next()?.buffer, room.buffer)
})

t.test('a large record is read straight into a buffer of exactly its size', async (t) => {
  const reader = new RecordReader(limits)
  const sent = patterned(1 << 20, 3)
  const stream = marked(sent)
  let at = arrive(reader, reader.buffer(), stream.subarray(0, 5000))
  t.equal(reader.next(), undefined)
  const room = reader.buffer()
  t.equal(room.length, sent.length - 4996, 'the rest of the record, and nothing behind it')
  at += arrive(reader, room, stream.subarray(at, at + 100_000))
  t.equal(reader.next(), undefined)
  t.equal(reader.buffer().buffer, room.buffer)
  arrive(reader, reader.buffer(), stream.subarray(at))
  const record = reader.next()!
  t.equal(record.buffer, room.buffer, 'what the kernel wrote to is the record')
  t.equal(record.length, sent.length)
  t.ok(record.equals(sent))
})

t.test('the buffer of a record that never ends is used again', async (t) => {
  const reader = new RecordReader(limits)
  arrive(reader, reader.buffer(), marked(patterned(900_000, 2)).subarray(0, 5000))
  t.equal(reader.next(), undefined)
  const room = reader.buffer()
  reader.close()
  t.equal(takeBuffer(900_000).buffer, room.buffer)
})

t.test('after a large record little is read before the size of the next one is known', async (t) => {
  const reader = new RecordReader(limits)
  const stream = marked(patterned(100_000, 1))
  for (let round = 0; round < 3; round++) {
    let at = 0
    const rooms: number[] = []
    while (at < stream.length) {
      const room = reader.buffer()
      rooms.push(room.length)
      at += arrive(reader, room, stream.subarray(at))
      if (at < stream.length) t.equal(reader.next(), undefined)
    }
    t.ok(reader.next()?.equals(patterned(100_000, 1)))
    release(reader.own)
    if (round > 0) t.same(rooms, [4096, stream.length - 4096], 'the rest is read into place')
  }
  arrive(reader, reader.buffer(), marked(patterned(100, 2)))
  t.ok(reader.next()?.equals(patterned(100, 2)))
  t.ok(reader.buffer().length > 16_000, 'small records are read many at a time again')
})

t.test('a held chunk is not written again, a released one is', async (t) => {
  const reader = new RecordReader(limits)
  const first = reader.buffer()
  arrive(reader, first, marked(patterned(40_000, 1)))
  const record = reader.next()!
  const chunk = hold(record)
  arrive(reader, reader.buffer(), marked(patterned(20_000, 2)))
  t.ok(reader.next()!.equals(patterned(20_000, 2)))
  t.ok(record.equals(patterned(40_000, 1)))
  release(chunk)
  t.equal(chunk?.holds, 0)

  const again = new RecordReader(limits)
  const room = again.buffer()
  for (let i = 0; i < 10; i++) {
    arrive(again, again.buffer(), marked(patterned(40_000, i)))
    t.equal(again.next()?.buffer, room.buffer, 'the same chunk serves for ever')
  }
})

t.test('limits', async (t) => {
  const claims = [
    ['one byte more than allowed', [mark(limits.recordBytesMax + 1)]],
    ['2 GiB', [Buffer.alloc(4, 0xff)]],
    ['a first fragment that is too large', [mark(limits.recordBytesMax + 1, false)]],
    [
      'fragments that are too large together',
      [mark(9, false), Buffer.alloc(9), mark(limits.recordBytesMax - 8)],
    ],
    ['too many fragments', new Array(limits.fragmentsMax + 1).fill(mark(0, false))],
  ] as const
  for (const [name, parts] of claims) {
    t.throws(() => readAll(new RecordReader(limits), Buffer.concat(parts)), RecordMarkingError, name)
  }
  const largest = patterned(limits.recordBytesMax, 5)
  t.ok(readAll(new RecordReader(limits), marked(largest))[0]!.equals(largest), 'the largest record allowed')
})

t.test('it tells whether it is between records', async (t) => {
  const reader = new RecordReader(limits)
  t.equal(reader.atBoundary, true)
  for (const byte of marked(patterned(30, 1), [10]).subarray(0, -1)) {
    arrive(reader, reader.buffer(), Buffer.of(byte))
    t.equal(reader.next(), undefined)
    t.equal(reader.atBoundary, false)
  }
  arrive(reader, reader.buffer(), patterned(30, 1).subarray(-1))
  t.ok(reader.next())
  t.equal(reader.atBoundary, true)
})
