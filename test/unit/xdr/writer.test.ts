import t from 'tap'
import { chunkBytes, referenceBytesMin } from '../../../nfs-server/xdr/limits.ts'
import { XdrWriter } from '../../../nfs-server/xdr/writer.ts'
import { wire } from './wire.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

t.test('numbers', async (t) => {
  const writer = new XdrWriter()
  writer.writeUint32(0xffffffff)
  writer.writeInt32(-2)
  writer.writeUint64(2n ** 64n - 1n)
  writer.writeInt64(-1n)
  writer.writeFloat32(1.5)
  writer.writeFloat64(-2.5)
  writer.writeBool(true)
  writer.writeBool(false)
  const expected = wire(`ffffffff fffffffe ffffffff ffffffff ffffffff ffffffff
    3fc00000 c0040000 00000000 00000001 00000000`)
  t.equal(hex(writer.bytes()), hex(expected))
  t.equal(writer.byteLength, expected.length)
})

t.test('numbers that do not fit are refused', async (t) => {
  const writer = new XdrWriter()
  for (const value of [-1, 2 ** 32, 1.5, Number.NaN]) {
    t.throws(() => writer.writeUint32(value), { message: `${value} is not an unsigned 32-bit integer` })
  }
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.1]) {
    t.throws(() => writer.writeInt32(value), { message: `${value} is not a 32-bit integer` })
  }
  for (const value of [-1n, 2n ** 64n]) {
    t.throws(() => writer.writeUint64(value), { message: `${value} is not an unsigned 64-bit integer` })
  }
  t.throws(() => writer.writeInt64(2n ** 63n), { message: `${2n ** 63n} is not a 64-bit integer` })
})

t.test('opaques are padded with zeros, also over old bytes', async (t) => {
  for (let length = 0; length < 9; length++) {
    const writer = new XdrWriter()
    const reserved = writer.reserve(64)
    for (let at = 0; at < 64; at += 4) writer.patchUint32(reserved + at, 0xffffffff)
    writer.truncate(0)
    writer.writeOpaque(Buffer.alloc(length, 0x61), 8)
    writer.writeFixedOpaque(Buffer.alloc(length, 0x62), length)
    const padded = (byte: string) => byte.repeat(length).padEnd(Math.ceil(length / 4) * 8, '0')
    t.equal(hex(writer.bytes()), `0000000${length}${padded('61')}${padded('62')}`)
  }
})

t.test('maxima hold for the encoder too', async (t) => {
  const writer = new XdrWriter()
  t.throws(() => writer.writeOpaque(new Uint8Array(4), 3), { message: 'length 4 exceeds the maximum of 3' })
  t.throws(() => writer.writeFixedOpaque(new Uint8Array(4), 8), {
    message: 'length 4 is not the fixed length 8',
  })
  t.throws(() => writer.writeText('abcd', 3), { message: 'length 4 exceeds the maximum of 3' })
  t.throws(() => writer.writeText('a\u0100', 3), { message: 'character 1 does not fit one byte' })
  t.throws(() => writer.writeCount(3, 2), { message: 'count 3 exceeds the maximum of 2' })
  t.throws(() => writer.checkCount(3, 2), { message: 'count 3 is not the fixed count 2' })
})

t.test('a large opaque is a segment of its own, not a copy', async (t) => {
  const writer = new XdrWriter()
  const data = Buffer.alloc(referenceBytesMin + 1, 0x61)
  writer.writeUint32(1)
  writer.writeOpaque(data, 0xffffffff)
  writer.writeUint32(2)
  const segments = writer.segments()
  t.equal(segments.length, 3)
  t.equal(segments[1], data)
  t.equal(hex(segments[0]!), '0000000100000401')
  t.equal(hex(segments[2]!), '00000000000002', 'three bytes of padding, then the next word')
  t.equal(writer.byteLength, 8 + 1025 + 7)
  const small = new XdrWriter()
  small.writeOpaque(Buffer.alloc(referenceBytesMin - 1), 0xffffffff)
  t.equal(small.segments().length, 1)
})

t.test('a record mark is patched in, wherever the message has got to', async (t) => {
  const writer = new XdrWriter()
  for (const body of [8, referenceBytesMin * 2, chunkBytes * 2]) {
    writer.reset()
    const mark = writer.reserve(4)
    for (let i = 0; i < body; i += 512) writer.writeFixedOpaque(new Uint8Array(512), 512)
    writer.writeFixedOpaque(new Uint8Array(referenceBytesMin), referenceBytesMin)
    const later = writer.reserve(4)
    writer.patchUint32(mark, 0x80000000 | 5)
    writer.patchUint32(later, 6)
    const bytes = Buffer.from(writer.bytes())
    t.equal(bytes.readUInt32BE(mark), 0x80000005)
    t.equal(bytes.readUInt32BE(later), 6)
    t.throws(() => writer.patchUint32(writer.byteLength, 1), RangeError)
  }
})

t.test('several messages in one go', async (t) => {
  const writer = new XdrWriter()
  for (const value of [1, 2]) {
    const mark = writer.reserve(4)
    writer.writeUint32(value)
    writer.patchUint32(mark, writer.byteLength - mark - 4)
  }
  t.equal(writer.segments().length, 1)
  t.equal(hex(writer.bytes()), '00000004000000010000000400000002')
})

t.test('messages longer than a chunk', async (t) => {
  const writer = new XdrWriter()
  for (let i = 0; i < chunkBytes; i++) writer.writeUint32(i)
  t.equal(writer.byteLength, chunkBytes * 4)
  const bytes = Buffer.from(writer.bytes())
  const wrong = [...Array(chunkBytes).keys()].filter((i) => bytes.readUInt32BE(i * 4) !== i)
  t.same(wrong, [])
  const at = writer.take(chunkBytes * 3)
  t.ok(writer.view.byteLength >= at + chunkBytes * 3, 'room for more than a chunk in one piece')
})

t.test('what has been handed out stays as it is', async (t) => {
  const writer = new XdrWriter()
  const messages: { value: number; segments: Uint8Array[] }[] = []
  for (let value = 0; value < 3 * chunkBytes; value += 64) {
    for (let i = 0; i < 16; i++) writer.writeUint32(value)
    messages.push({ value, segments: writer.segments() })
    writer.reset()
  }
  const changed = messages.filter(({ value, segments }) => {
    const bytes = Buffer.concat(segments)
    return bytes.length !== 64 || [...Array(16).keys()].some((i) => bytes.readUInt32BE(i * 4) !== value)
  })
  t.same(changed, [])
})

t.test('the message from any point on, without ending it', async (t) => {
  const writer = new XdrWriter()
  writer.writeUint32(1)
  const start = writer.byteLength
  writer.writeUint32(2)
  t.same([...writer.since(start)], [0, 0, 0, 2])
  writer.writeFixedOpaque(new Uint8Array(5000).fill(3), 5000)
  writer.writeUint32(4)
  const tail = writer.since(start)
  t.equal(tail.byteLength, 4 + 5000 + 4)
  t.same([tail[3], tail[4], tail.at(-1)], [2, 3, 4], 'across segments')
  t.same([...writer.since(writer.byteLength - 4)], [0, 0, 0, 4])
  t.equal(writer.since(writer.byteLength).byteLength, 0)
  writer.writeUint32(5)
  t.equal(writer.bytes().byteLength, 4 + 4 + 5000 + 4 + 4, 'and it goes on')
  t.equal(writer.bytes().at(-1), 5)
})

t.test('a message is taken back to any point', async (t) => {
  const write = (writer: XdrWriter) => {
    writer.writeUint32(1)
    writer.writeOpaque(Buffer.alloc(referenceBytesMin, 7), 0xffffffff)
    writer.writeUint32(2)
    for (let i = 0; i < chunkBytes / 8; i++) writer.writeUint64(BigInt(i))
  }
  const whole = new XdrWriter()
  write(whole)
  const all = hex(whole.bytes())
  for (const keep of [
    0,
    4,
    8,
    12,
    8 + 512,
    8 + 1024,
    12 + 1024,
    20 + 1024,
    chunkBytes - 64,
    chunkBytes + 512,
  ]) {
    const writer = new XdrWriter()
    write(writer)
    writer.truncate(keep)
    t.equal(writer.byteLength, keep)
    writer.writeUint32(0xabababab)
    t.equal(hex(writer.bytes()), `${all.slice(0, keep * 2)}abababab`, `cut at ${keep}`)
  }
  t.throws(() => whole.truncate(whole.byteLength + 4), RangeError)
})
