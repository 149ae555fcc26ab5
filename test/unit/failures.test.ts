import t from 'tap'
import { failuresOf } from '../failures.ts'

t.test('tap: the innermost failures, with what is said about them', async (t) => {
  const output = [
    '    ok 1 - fine',
    '    not ok 2 - one is two',
    '      ---',
    '      at: here',
    '      ...',
    'not ok 1 - test/x.test.ts # time=183.444ms',
    '  ---',
    '  exitCode: 1',
    '  ...',
  ].join('\n')
  t.same(failuresOf(output), ['not ok 2 - one is two\n      at: here'])
})

t.test('tap: a file that failed without a check in it', async (t) => {
  const output = 'not ok 1 - test/x.test.ts # time=183.444ms\n  ---\n  signal: SIGSEGV\n  ...\n'
  t.same(failuresOf(output), ['not ok 1 - test/x.test.ts # time=183.444ms\n  signal: SIGSEGV'])
})

t.test('cargo: what a failed test printed', async (t) => {
  const output = [
    'failures:',
    '',
    '---- a::b stdout ----',
    'assertion failed',
    '',
    'failures:',
    '    a::b',
    '',
    'test result: FAILED. 3 passed; 1 failed; 0 ignored;',
  ].join('\n')
  t.same(failuresOf(output), ['---- a::b stdout ----\nassertion failed'])
})

t.test('not more than one wants to read', async (t) => {
  const output = Array.from({ length: 50 }, (_, index) => `not ok ${index + 1} - check`).join('\n')
  t.equal(failuresOf(output).length, 21)
  t.equal(failuresOf(output).at(-1), '... and 30 more')
})
