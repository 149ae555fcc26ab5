import t from 'tap'
import {
  discard,
  hold,
  newChunk,
  release,
  takeBuffer,
  takePiece,
} from '../../../nfs-server/rpc/buffer-pool.ts'

// Sizes that no other code takes, as the pool is one per process.
const odd = 3 << 20

t.test('a buffer that was held and released is used again', async (t) => {
  const first = takeBuffer(odd - 5)
  t.equal(first.length, odd - 5)
  const chunk = hold(first)
  t.not(takeBuffer(odd).buffer, first.buffer, 'not while it is held')
  hold(first.subarray(100, 200))
  release(chunk)
  t.not(takeBuffer(odd).buffer, first.buffer, 'nor while a piece of it is')
  release(chunk)
  const again = takeBuffer(odd)
  t.equal(again.buffer, first.buffer)
  t.equal(again.length, odd)
  t.not(takeBuffer(odd).buffer, first.buffer, 'it is given out once')
})

t.test('sizes do not mix', async (t) => {
  const small = takeBuffer(70_000)
  release(hold(small))
  t.not(takeBuffer(140_000).buffer, small.buffer)
  t.equal(takeBuffer(66_000).buffer, small.buffer, 'the same multiple of 64 KiB')
})

t.test('unused memory is bounded', async (t) => {
  const size = 5 << 20
  const taken = Array.from({ length: 20 }, () => takeBuffer(size))
  const buffers = new Set(taken.map(({ buffer }) => buffer))
  for (const buffer of taken) release(hold(buffer))
  const again = Array.from({ length: 20 }, () => takeBuffer(size))
  const kept = again.filter(({ buffer }) => buffers.has(buffer)).length
  t.ok(kept > 0 && kept * size <= 64 << 20, `${kept} were kept`)
  // The views of memory that is freed are empty.
  const freed = taken.filter(({ length }) => length === 0).length
  t.equal(freed, taken.length - kept, 'the others are freed, rather than left to the garbage collector')
})

t.test('what was freed is nobody’s to hold or to discard', async (t) => {
  const size = 6 << 20
  const taken = Array.from({ length: 20 }, () => takeBuffer(size))
  for (const buffer of taken) release(hold(buffer))
  const freed = taken.find(({ length }) => length === 0)!
  discard(freed)
  t.equal(hold(freed), undefined)
})

t.test('what comes back is kept rather than unused memory of other sizes', async (t) => {
  for (const size of [7 << 20, 1 << 20, 8 << 20]) {
    const taken = Array.from({ length: 80 }, () => takeBuffer(size))
    for (const buffer of taken) release(hold(buffer))
    const kept = taken.filter(({ length }) => length > 0).length
    t.equal(kept, Math.floor((64 << 20) / size))
  }
})

t.test('a chunk that was given up is freed by the last one that looks at it', async (t) => {
  const released: number[] = []
  const chunk = newChunk(odd)
  hold(chunk.bytes)
  hold(chunk.bytes)
  chunk.holder = { release: (bytes) => released.push(bytes) }
  release(chunk)
  t.equal(chunk.bytes.length, odd)
  release(chunk)
  t.equal(chunk.bytes.length, 0)
  t.same(released, [odd])
})

t.test('memory of others is nobody’s to hold, and chunks are not given out', async (t) => {
  t.equal(hold(Buffer.alloc(odd)), undefined)
  release(undefined)
  const chunk = newChunk(odd)
  t.equal(hold(chunk.bytes.subarray(5)), chunk)
  t.equal(chunk.holds, 1)
  release(chunk)
  t.not(takeBuffer(odd).buffer, chunk.bytes.buffer)
})

t.test('a slab is used again when each of its pieces was held and released', async (t) => {
  const first = takePiece(30_000)
  const pieces = [first, takePiece(30_000)]
  const slab = first.buffer
  t.equal(pieces[1]!.buffer, slab)
  t.not(pieces[0]!.byteOffset, pieces[1]!.byteOffset)
  // Another slab is begun: that one has only its pieces' holds.
  const others = [takePiece(60_000), takePiece(60_000)]
  t.notOk(others.some(({ buffer }) => buffer === slab))
  const chunks = pieces.map((piece) => hold(piece))
  t.equal(chunks[0]!.holds, 2, 'they came held')
  release(chunks[0])
  t.not(takeBuffer(60_000).buffer, slab, 'a piece is still looked at')
  release(chunks[1])
  const again = takeBuffer(60_000)
  t.equal(again.buffer, slab)
  t.equal(hold(again)?.holds, 1, 'as a buffer it does not come held')
})

t.test('what nobody held can be given back', async (t) => {
  const buffer = takeBuffer(odd + (1 << 20))
  discard(buffer)
  const [again, other] = [takeBuffer(odd + (1 << 20)), takeBuffer(odd + (1 << 20))]
  t.equal(again.buffer, buffer.buffer)
  t.not(other.buffer, buffer.buffer, 'once')
  t.equal(hold(again)?.holds, 1)
  const pieces = [takePiece(40_000), takePiece(20_000)]
  takePiece(60_000)
  for (const piece of pieces) discard(piece)
  t.equal(takeBuffer(60_000).buffer, pieces[0]!.buffer)
})

t.test('a piece that nobody held keeps its slab from being used again', async (t) => {
  const lost = takePiece(40_000)
  const sent = takePiece(20_000)
  t.equal(sent.buffer, lost.buffer)
  takePiece(60_000)
  release(hold(sent))
  t.not(takeBuffer(60_000).buffer, lost.buffer)
})
