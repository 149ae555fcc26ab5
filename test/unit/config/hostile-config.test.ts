/** The config file is hostile input: whatever stands in it, the answer is a config or a ConfigError. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { ConfigError } from '../../../nfs-server/config/config-error.ts'
import { parseConfig } from '../../../nfs-server/config/load-config.ts'

const example = readFileSync(new URL('../../../nfs-server/fsva-nfsd.example.yaml', import.meta.url), 'utf8')

function isHandled(text: string): boolean {
  try {
    parseConfig(text, 'f')
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.length > 0 && error.message.length > 0
  }
}

const word = fc.constantFrom(
  ...[
    'exports',
    'path',
    'clients',
    'squash',
    'listen',
    'port',
    'limits',
    'log',
    'level',
    '/srv',
    '*',
    '10.0.0.0/8',
  ],
  ...['root_squash', '__proto__', 'constructor', 'toString', '', '\0', '::'],
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    word,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.string(),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(word, fc.string()), tie('any'), { maxKeys: 5 }),
  ),
})).any

t.test('any YAML value', async (t) => {
  fc.assert(fc.property(value, (any) => isHandled(stringify(any))))
  fc.assert(fc.property(value, (any) => isHandled(stringify({ exports: [any], listen: any, limits: any }))))
  t.pass('a config or an explanation')
})

t.test('any text', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), isHandled))
  t.pass('a config or an explanation')
})

t.test('the example, damaged', async (t) => {
  const position = fc.nat(example.length)
  const damage = fc.tuple(
    position,
    fc.nat(5),
    fc.oneof(word, fc.constantFrom(':', '-', '[', '{', '&a', '*a', '!!', '\t')),
  )
  fc.assert(
    fc.property(damage, ([at, removed, added]) =>
      isHandled(example.slice(0, at) + added + example.slice(at + removed)),
    ),
    { numRuns: 300 },
  )
  t.pass('a config or an explanation')
})
