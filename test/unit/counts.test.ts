import t from 'tap'
import { countCargo, countExit, countTap } from '../counts.ts'

t.test('cargo: sums every test binary', async (t) => {
  const output = [
    'test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s',
    'test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s',
  ].join('\n')
  t.same(countCargo(output, 101), { passed: 15, failed: 2, skipped: 1 })
})

t.test('tap: the last summary line counts', async (t) => {
  t.same(countTap('# { total: 9, pass: 6, fail: 1, skip: 2 }\n', 1), { passed: 6, failed: 1, skipped: 2 })
  t.same(countTap('# { total: 6, pass: 6 }\n', 0), { passed: 6, failed: 0, skipped: 0 })
})

t.test('a crash or an empty run is a failure', async (t) => {
  t.equal(countTap('', 0).failed, 1)
  t.equal(countTap('# { total: 6, pass: 6 }\n', 134).failed, 1)
  t.equal(countCargo('error: could not compile', 101).failed, 1)
  t.equal(countExit('', 1).failed, 1)
})
