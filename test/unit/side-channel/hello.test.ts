import fc from 'fast-check'
import t from 'tap'
import { HelloError, parseHello } from '../../../nfs-server/side-channel/hello.ts'

const nothing = { clientAddress: undefined, instance: undefined, bytes: undefined }

t.test('what a client may say', async (t) => {
  t.same(parseHello('{"fsva":1}'), nothing)
  const text = '{"fsva":1,"clientAddress":"::ffff:10.0.0.2","instance":"00ab","bytes":4096,"later":[1]}'
  t.same(parseHello(text), { clientAddress: '10.0.0.2', instance: '00ab', bytes: 4096 })
})

t.test('what it may not say', async (t) => {
  const cases: readonly (readonly [text: string, error: RegExp])[] = [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['null', /version 1/],
    ['[]', /version 1/],
    ['{"fsva":2}', /version 1/],
    ['{"fsva":"1"}', /version 1/],
    ['{"fsva":1,"clientAddress":"host"}', /impossible as clientAddress/],
    ['{"fsva":1,"instance":"0x1"}', /impossible as instance/],
    ['{"fsva":1,"instance":"00000000000000001"}', /impossible as instance/],
    ['{"fsva":1,"bytes":-1}', /impossible as bytes/],
    ['{"fsva":1,"bytes":0.5}', /impossible as bytes/],
    ['{"fsva":1,"bytes":1e400}', /impossible as bytes/],
  ]
  for (const [text, message] of cases) t.throws(() => parseHello(text), { message }, text)
})

t.test('any text is understood or refused', async () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ fsva: fc.constant(1), bytes: fc.anything(), instance: fc.anything() }).map((value) => {
      try {
        return JSON.stringify(value)
      } catch {
        return ''
      }
    }),
  )
  fc.assert(
    fc.property(anything, (text) => {
      try {
        parseHello(text)
      } catch (error) {
        if (!(error instanceof HelloError)) throw error
      }
    }),
  )
})
