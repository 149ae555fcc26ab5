import fc from 'fast-check'
import t from 'tap'
import { admitted, refused } from '../../../nfs-server/side-channel/answer.ts'

const region = { region: 'memfd', offset: 0, bytes: 1 << 24, instance: '0123456789abcdef' } as const
const frameBytesMax = 4096

t.test('an answer names the memory, the server and the exports', async (t) => {
  const exports = [{ path: '/srv', coherence: 'partial', why: 'because' }] as const
  t.same(JSON.parse(admitted(region, 'ab', exports)), { ok: true, ...region, server: 'ab', exports })
})

t.test('more exports than a frame has room for are left out, and counted', async (t) => {
  const exports = Array.from({ length: 100 }, (_, index) => ({
    path: `/srv/${'x'.repeat(100)}/${index}`,
    coherence: 'none' as const,
    why: 'not looked at yet',
  }))
  const text = admitted(region, 'ab', exports)
  t.ok(Buffer.byteLength(text) <= frameBytesMax)
  const answer = JSON.parse(text)
  t.ok(answer.exports.length > 0)
  t.equal(answer.exports.length + answer.omitted, exports.length)
  t.same(answer.exports, exports.slice(0, answer.exports.length))
})

t.test('whatever exports are called, the answer is a frame', async () => {
  const entry = fc.record({
    path: fc.string({ unit: 'binary', maxLength: 2000 }),
    coherence: fc.constant('none' as const),
    why: fc.string({ maxLength: 2000 }),
  })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 6 }), (exports) => {
      const text = admitted(region, 'ab', exports)
      return Buffer.byteLength(text) <= frameBytesMax && JSON.parse(text).ok === true
    }),
  )
})

t.test('a refusal says why, and what to do', async (t) => {
  t.same(JSON.parse(refused('no', 'try again')), { ok: false, error: 'no', advice: 'try again' })
  t.ok(Buffer.byteLength(refused('"'.repeat(10_000), '\\'.repeat(10_000))) <= frameBytesMax)
})
