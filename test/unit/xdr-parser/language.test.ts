/** The generated code for everything the language has; its text is a fixture so that the type checker sees it. */
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from '../../../nfs-server/xdr-parser/parser.ts'
import { resolve } from '../../../nfs-server/xdr-parser/resolve.ts'
import * as generated from '../../fixtures/xdr/generated/everything.ts'
import { casesOf } from '../xdr/codec-cases.ts'
import { forAll, refusesTruncation, roundTrips, survivesCorruption } from '../xdr/codec-properties.ts'

const source = new URL('../../fixtures/xdr/everything.x', import.meta.url)
const compiler = fileURLToPath(new URL('../../../nfs-server/xdr-parser/main.ts', import.meta.url))

t.test('the fixture is what the compiler makes today', async (t) => {
  const options = ['--check', '--runtime', '../../../../nfs-server/xdr', fileURLToPath(source)]
  const stale = `stale; to renew it, run ${compiler} ${options.slice(1).join(' ')}`
  t.doesNotThrow(() => execFileSync(process.execPath, [compiler, ...options]), stale)
})

t.test('every construct survives the trip', async (t) => {
  const model = resolve(parse(await readFile(source, 'utf8'), 'everything.x'), 'everything.x')
  const cases = casesOf(model, generated)
  t.ok(cases.length > 40, `${cases.length} codecs`)
  forAll(t, cases, roundTrips, 60)
  forAll(t, cases, refusesTruncation, 8)
  forAll(t, cases, survivesCorruption, 15)
})

t.test('constants in all their spellings', async (t) => {
  const { DECIMAL, HEXADECIMAL, OCTAL, NEGATIVE, ZERO, LARGE, ALIAS } = generated
  t.same([DECIMAL, HEXADECIMAL, OCTAL, NEGATIVE, ZERO, ALIAS], [12, 255, 8, -7, 0, 12])
  t.equal(LARGE, 0xffffffffffffffffn)
  t.same(generated.sparse, { LOW: -(2 ** 31), MIDDLE: -7, SAME: -7, HIGH: 2 ** 31 - 1 })
  t.equal(generated.EVERYTHING_PROGRAM, 0x20000001)
  t.equal(generated.EVERYTHING_V2, 2)
})
