/** Readers that take turns with one chunk: no record has a byte of another connection's in it. */
import fc from 'fast-check'
import t from 'tap'
import { type Chunk, hold, release } from '../../../nfs-server/rpc/buffer-pool.ts'
import { RecordReader } from '../../../nfs-server/rpc/record-marking.ts'

const limits = { recordBytesMax: 1 << 20, fragmentsMax: 64 }
const lastFragment = 0x8000_0000

function marked(length: number, connection: number, index: number): Buffer {
  const bytes = Buffer.alloc(4 + length)
  bytes.writeUInt32BE(lastFragment + length)
  for (let i = 0; i < length; i++) bytes[4 + i] = (i * 31 + index * 7 + connection * 101 + (i >> 8)) & 0xff
  return bytes
}

interface Held {
  readonly record: Buffer
  readonly sent: Buffer
  readonly chunk: Chunk | undefined
  readonly until: number
}

/** One connection: what its peer sends, how far that has arrived and been taken. */
class Connection {
  readonly reader: RecordReader
  readonly #sent: readonly Buffer[]
  readonly #stream: Buffer
  #at = 0
  #taken = 0

  constructor(reader: RecordReader, sent: readonly Buffer[]) {
    this.reader = reader
    this.#sent = sent
    this.#stream = Buffer.concat(sent)
  }

  get isDone(): boolean {
    return this.#taken === this.#sent.length
  }

  /** As the kernel does: some bytes of the stream, as many as there is room for. */
  arrive(bytes: number): void {
    const room = this.reader.buffer()
    const count = Math.min(room.length, bytes, this.#stream.length - this.#at)
    room.set(this.#stream.subarray(this.#at, this.#at + count))
    this.reader.filled(count)
    this.#at += count
  }

  /** Takes up to so many records; those that shall be are held. */
  take(max: number, heldUntil: number | undefined): Held[] {
    const held: Held[] = []
    for (let count = 0; count < max; count++) {
      const record = this.reader.next()
      if (record === undefined) break
      const sent = this.#sent[this.#taken++]!.subarray(4)
      if (!record.equals(sent)) throw new Error('a record differs')
      const { own } = this.reader
      if (heldUntil === undefined) release(own)
      else held.push({ record, sent, chunk: own ?? hold(record), until: heldUntil })
    }
    return held
  }
}

const recordLength = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.integer({ min: 10_000, max: 50_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 140_000 }) },
)
const step = fc.record({
  connection: fc.nat(2),
  arrives: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 70_000 })),
  takes: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(2)),
  holdsFor: fc.option(fc.nat(6), { nil: undefined }),
  rests: fc.boolean(),
})

function takeTurns(newReader: () => RecordReader) {
  return fc.property(
    fc.array(fc.array(recordLength, { maxLength: 12 }), { minLength: 3, maxLength: 3 }),
    fc.array(step, { minLength: 1, maxLength: 40 }),
    (lengths, steps) => {
      const connections = lengths.map(
        (of, number) =>
          new Connection(
            newReader(),
            of.map((length, index) => marked(length, number, index)),
          ),
      )
      let held: Held[] = []
      const turns = 4000
      for (let turn = 0; turn < turns && connections.some(({ isDone }) => !isDone); turn++) {
        const { connection, arrives, takes, holdsFor, rests } = steps[turn % steps.length]!
        // Whoever is drawn never would leave the others waiting for ever.
        const one = connections[turn % 2 === 0 ? connection : (turn >> 1) % 3]!
        one.arrive(arrives)
        const until = holdsFor === undefined ? undefined : turn + holdsFor
        held.push(...one.take(turn > turns / 2 ? Number.POSITIVE_INFINITY : takes, until))
        for (const { record, sent } of held) {
          if (!record.equals(sent)) throw new Error('a held record was overwritten')
        }
        for (const { chunk } of held.filter((of) => of.until <= turn)) release(chunk)
        held = held.filter((of) => of.until > turn)
        if (rests) one.reader.rest()
      }
      for (const { chunk } of held) release(chunk)
      for (const { reader } of connections) reader.close()
    },
  )
}

t.test(
  'records of one connection have no bytes of another, whoever holds, waits or is cut short',
  async () => {
    fc.assert(
      takeTurns(() => new RecordReader(limits)),
      { numRuns: 200 },
    )
  },
)

/** A reader that one record has arrived at, whole, and whose room it was. */
function readOne(bytes: Buffer): { readonly reader: RecordReader; readonly room: Uint8Array } {
  const reader = new RecordReader(limits)
  const room = reader.buffer()
  room.set(bytes)
  reader.filled(bytes.length)
  return { reader, room }
}

t.test('readers that have dealt with what there was use the same memory', async (t) => {
  const rooms = Array.from({ length: 100 }, (_, index) => {
    const { reader, room } = readOne(marked(200, 1, index))
    t.ok(reader.next())
    return room.buffer
  })
  t.equal(new Set(rooms).size, 1)
})

t.test('what a reader kept is used again once it needs it no more', async (t) => {
  const half = marked(200, 1, 1)
  const waiting = readOne(half.subarray(0, 100))
  t.equal(waiting.reader.next(), undefined)
  const other = readOne(marked(200, 2, 2))
  t.ok(other.reader.next())
  t.not(other.room.buffer, waiting.room.buffer)
  const rest = waiting.reader.buffer()
  t.equal(rest.buffer, waiting.room.buffer, 'the rest goes where the record began')
  rest.set(half.subarray(100))
  waiting.reader.filled(104)
  t.ok(waiting.reader.next()?.equals(half.subarray(4)))
  waiting.reader.rest()
  const held = readOne(marked(200, 3, 3))
  const chunk = hold(held.reader.next()!)
  t.equal(readOne(marked(1, 4, 4)).room.buffer, waiting.room.buffer, 'for the next one')
  release(chunk)
})

t.test('memory that others look at is counted when its reader is gone, until they do no more', async (t) => {
  let counted = 0
  const memory = {
    hasRoomFor: () => true,
    take: (bytes: number) => {
      counted += bytes
    },
    release: (bytes: number) => {
      counted -= bytes
    },
  }
  const reader = new RecordReader(limits, memory)
  const bytes = marked(200, 1, 1)
  reader.buffer().set(bytes)
  reader.filled(bytes.length)
  const record = reader.next()!
  const chunk = hold(record)
  reader.close()
  t.equal(counted, chunk!.bytes.length)
  t.not(readOne(marked(1, 2, 2)).room.buffer, record.buffer, 'and nobody reads to it')
  release(chunk)
  t.equal(counted, 0)
})

// The last: it spoils the chunk for those after it.
t.test(
  'the control: a reader that lets others have the chunk with its bytes in it is found out',
  async (t) => {
    class Careless extends RecordReader {
      override keepsChunk(): boolean {
        super.keepsChunk()
        return false
      }
    }
    const { failed } = fc.check(
      takeTurns(() => new Careless(limits)),
      { numRuns: 200 },
    )
    t.ok(failed)
  },
)
