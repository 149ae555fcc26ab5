import fc from 'fast-check'
import t from 'tap'
import { FileData } from '../../../../nfs-server/vfs/memory-vfs/file-data.ts'
import { chunkBytes } from '../../../../nfs-server/vfs/memory-vfs/limits.ts'
import { Storage } from '../../../../nfs-server/vfs/memory-vfs/storage.ts'

const spaceBytes = 10 * chunkBytes

type Step =
  | { readonly kind: 'write'; readonly offset: number; readonly length: number; readonly byte: number }
  | { readonly kind: 'resize'; readonly size: number }

const offset = fc.oneof(
  fc.nat(spaceBytes),
  fc.constantFrom(0, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    offset,
    length: fc.nat(3 * chunkBytes),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('resize' as const), size: offset }),
)

t.test('behaves like one flat buffer', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const storage = new Storage(100 * chunkBytes)
      const data = new FileData(storage)
      let model = Buffer.alloc(0)
      for (const one of steps) {
        if (one.kind === 'write') {
          const bytes = Buffer.alloc(one.length, one.byte)
          if (!data.write(BigInt(one.offset), bytes)) return false
          const end = bytes.length === 0 ? 0 : one.offset + bytes.length
          const grown = Buffer.alloc(Math.max(model.length, end))
          model.copy(grown)
          bytes.copy(grown, one.offset)
          model = grown
        } else {
          data.resize(BigInt(one.size))
          const resized = Buffer.alloc(one.size)
          model.copy(resized)
          model = resized
        }
        const read = Buffer.alloc(spaceBytes * 2, 0xee)
        const count = data.read(0n, read)
        if (data.size !== BigInt(model.length) || count !== model.length) return false
        if (!read.subarray(0, count).equals(model) || read[count] !== 0xee) return false
      }
      const used = data.usedBytes
      const accounted = storage.capacityBytes - storage.freeBytes === used
      data.resize(0n)
      return accounted && data.usedBytes === 0 && storage.freeBytes === storage.capacityBytes
    }),
  )
  t.pass('for every sequence of writes and truncations tried')
})

t.test('a write that does not fit changes nothing', async (t) => {
  const storage = new Storage(2 * chunkBytes)
  const data = new FileData(storage)
  t.equal(data.write(0n, Buffer.alloc(chunkBytes, 1)), true)
  t.equal(data.write(0n, Buffer.alloc(3 * chunkBytes, 2)), false)
  t.equal(data.size, BigInt(chunkBytes))
  t.equal(data.usedBytes, chunkBytes)
  const read = Buffer.alloc(10)
  data.read(0n, read)
  t.same(read, Buffer.alloc(10, 1))
  t.equal(data.write(0n, Buffer.alloc(2 * chunkBytes, 3)), true, 'what is there is reused')
})

t.test('the far end of a sparse file takes one chunk', async (t) => {
  const storage = new Storage(4 * chunkBytes)
  const data = new FileData(storage)
  const far = (1n << 63n) - 1n - 10n
  t.equal(data.write(far, Buffer.from('0123456789')), true)
  t.equal(data.size, (1n << 63n) - 1n)
  t.equal(data.usedBytes, chunkBytes)
  const read = Buffer.alloc(100)
  t.equal(data.read(far, read), 10)
  t.equal(read.toString('latin1', 0, 10), '0123456789')
})
