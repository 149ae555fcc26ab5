/** What the suites' runner lets pass and what it reports: it must be able to fail. */
import t from 'tap'
import { type ExplainedDifference, explainedDifferences, unexplained } from '../../suites/differences.ts'
import { compareOutcomes, parseOutcomes } from '../../suites/outcomes.ts'

const surroundings = { clientKernel: '6.1.0-1', fileSystem: 'ext4' }
const local = parseOutcomes('ok posix/a/one\nok posix/a/two\nok posix/b/three\n')
const entry: ExplainedDifference = {
  checks: ['posix/a/one'],
  mounted: 'got EIO want success',
  why: 'for the test',
}

function judge(mounted: string, ...entries: ExplainedDifference[]): string[] {
  const outcomes = parseOutcomes(mounted)
  return unexplained(compareOutcomes(local, outcomes), outcomes, surroundings, entries)
}

t.test('a difference that is explained passes', async (t) => {
  const mounted = 'not ok posix/a/one: got EIO want success\nok posix/a/two\nok posix/b/three'
  t.same(judge(mounted, entry), [])
  t.same(judge(mounted, { ...entry, checks: ['posix/a/*'] }), [])
  t.same(judge(mounted, { ...entry, mounted: /^got EIO/ }), [])
})

t.test('what is not explained is reported', async (t) => {
  const mounted = 'not ok posix/a/one: got EPERM want success\nok posix/a/two\nok posix/b/three'
  const line = 'posix/a/one: local ok, mounted got EPERM want success'
  t.same(judge(mounted), [line])
  t.same(judge(mounted, entry), [line], 'differs in another way than the entry says')
  t.same(judge(mounted, { ...entry, mounted: /^got/, on: () => false }), [line], 'explained only elsewhere')
  t.same(judge('ok posix/a/one\nok posix/a/two'), ['posix/b/three: local ok, mounted not reached'])
})

t.test('an entry that explains nothing any more is reported', async (t) => {
  const mounted = 'ok posix/a/one\nok posix/a/two\nok posix/b/three'
  t.same(judge(mounted, entry), ['posix/a/one: differs no longer'])
  t.same(judge(mounted, { ...entry, mayAgree: true }), [])
  t.same(judge(mounted, { ...entry, checks: ['lock/a/one'] }), [], 'of a suite that did not run')
})

t.test('output that is none is refused', async (t) => {
  t.throws(() => parseOutcomes('ok posix/a/one\nok posix/a/one'), /two checks are named/)
  t.throws(() => parseOutcomes('Segmentation fault'), /not a line/)
  t.throws(() => parseOutcomes('not ok posix/a/one'), /not a line/)
})

t.test('the list is short, and each entry says why', async (t) => {
  t.ok(explainedDifferences.length <= 30)
  for (const { checks, why } of explainedDifferences) t.ok(why.length > 40, `${checks}`)
})
