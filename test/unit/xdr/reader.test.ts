import t from 'tap'
import { emptyElementsMax, nestingMax } from '../../../nfs-server/xdr/limits.ts'
import { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import { wire } from './wire.ts'

const reader = (text: string) => new XdrReader(wire(text))

t.test('numbers', async (t) => {
  t.equal(reader('ffffffff').readUint32(), 0xffffffff)
  t.equal(reader('ffffffff').readInt32(), -1)
  t.equal(reader('80000000').readInt32(), -(2 ** 31))
  t.equal(reader('ffffffff ffffffff').readUint64(), 2n ** 64n - 1n)
  t.equal(reader('80000000 00000000').readInt64(), -(2n ** 63n))
  t.equal(reader('3fc00000').readFloat32(), 1.5)
  t.equal(reader('c0040000 00000000').readFloat64(), -2.5)
})

t.test('a bool is 0 or 1', async (t) => {
  t.equal(reader('00000000').readBool(), false)
  t.equal(reader('00000001').readBool(), true)
  t.throws(() => reader('00000002').readBool(), { message: '2 is neither FALSE (0) nor TRUE (1)' })
  t.throws(() => reader('ffffffff').readBool(), { name: 'XdrError' })
})

t.test('numbers do not read over the end', async (t) => {
  const short = { name: 'XdrError', message: 'needs 8 bytes, 4 are left' }
  t.throws(() => reader('00000000').readUint64(), short)
  t.throws(() => reader('00000000').readInt64(), short)
  t.throws(() => reader('00000000').readFloat64(), short)
  for (const length of [0, 1, 2, 3]) {
    const few = new XdrReader(Buffer.alloc(8).subarray(4, 4 + length))
    t.throws(() => few.readUint32(), { message: `needs 4 bytes, ${length} are left` })
    t.throws(() => few.readInt32(), { name: 'XdrError' })
    t.throws(() => few.readFloat32(), { name: 'XdrError' })
  }
})

t.test('opaques are views', async (t) => {
  const slab = Buffer.concat([Buffer.alloc(4), wire('00000003 61626300 64656667')])
  const some = new XdrReader(slab.subarray(4))
  const variable = some.readOpaque(3)
  const fixed = some.readFixedOpaque(4)
  some.end()
  t.equal(variable.buffer, slab.buffer)
  t.equal(variable.byteOffset, slab.byteOffset + 8)
  slab[8] = 0x7a
  t.equal(Buffer.from(variable).toString(), 'zbc')
  t.equal(Buffer.from(fixed).toString(), 'defg')
})

t.test('lengths are checked before use', async (t) => {
  t.throws(() => reader('00000004 61626364').readOpaque(3), { message: 'length 4 exceeds the maximum of 3' })
  t.throws(() => reader('00000005 61626364').readOpaque(100), {
    message: 'length 5 exceeds the 4 bytes left',
  })
  t.throws(() => reader('ffffffff 61626364').readOpaque(0xffffffff), {
    message: 'length 4294967295 exceeds the 4 bytes left',
  })
  t.throws(() => reader('61626364').readFixedOpaque(5), { message: '5 bytes exceed the 4 left' })
  t.throws(() => reader('61626364').readFixedOpaque(0xffffffff), { name: 'XdrError' })
  const cut = new XdrReader(Buffer.from('0000000261626300', 'hex').subarray(0, 7))
  t.throws(() => cut.readOpaque(10), { message: 'the record ends within the padding' })
})

t.test('counts are checked against what the elements need', async (t) => {
  t.equal(reader('00000002 00000000 00000000').readCount(2, 4), 2)
  t.throws(() => reader('00000003').readCount(2, 4), { message: 'count 3 exceeds the maximum of 2' })
  t.throws(() => reader('00000003 00000000 00000000').readCount(0xffffffff, 4), {
    message: 'count 3 of at least 4 bytes each exceeds the 8 bytes left',
  })
  t.throws(() => reader('40000000').readCount(0xffffffff, 4), { name: 'XdrError' }, 'no wrap at 2^32')
  t.equal(reader('00000400').readCount(0xffffffff, 0), emptyElementsMax)
  t.throws(() => reader('00000401').readCount(0xffffffff, 0), {
    message: 'count 1025 of elements without bytes exceeds the limit of 1024',
  })
})

t.test('padding is skipped whatever is in it', async (t) => {
  const some = reader('00000001 61ffffff 62eeeeee 00000007')
  t.same([...some.readOpaque(10)], [0x61])
  t.same([...some.readFixedOpaque(1)], [0x62])
  t.equal(some.readUint32(), 7)
})

t.test('text is one character per byte', async (t) => {
  t.equal(reader('00000003 4dfcff00').readText(10), 'M\u00fc\u00ff')
})

t.test('what is left', async (t) => {
  const some = reader('00000001 00000002')
  some.readUint32()
  t.equal(some.remaining, 4)
  t.same([...some.rest()], [0, 0, 0, 2])
  t.throws(() => some.end(), { message: '4 bytes too many' })
  some.readUint32()
  t.doesNotThrow(() => some.end())
})

t.test('a reader starts over on the same memory and on other memory', async (t) => {
  const slab = wire('00000001 00000002')
  const some = new XdrReader(slab.subarray(0, 4))
  t.equal(some.readUint32(), 1)
  some.reset(slab.subarray(4))
  t.equal(some.readUint32(), 2)
  some.reset(wire('00000003'))
  t.equal(some.readUint32(), 3)
  t.equal(some.remaining, 0)
})

t.test('nesting is bounded, and forgotten by reset', async (t) => {
  const some = reader('00000000')
  for (let i = 0; i < nestingMax; i++) some.enter()
  t.throws(() => some.enter(), { message: 'nested more than 64 deep' })
  some.reset(wire('00000000'))
  t.doesNotThrow(() => some.enter())
  for (let i = 0; i < 2 * nestingMax; i++) {
    some.leave()
    some.enter()
  }
})
