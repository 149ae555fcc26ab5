import t from 'tap'
import { RepeatLimit } from '../../nfs-server/repeat-limit.ts'

t.test('the same event passes once per interval and says how many were held back', async (t) => {
  let now = 0
  const limit = new RepeatLimit(1000, 1, () => now)
  t.equal(limit.admit('a'), 0)
  t.equal(limit.admit('a'), undefined)
  t.equal(limit.admit('b'), 0, 'another event is not held back')
  now = 999
  t.equal(limit.admit('a'), undefined)
  now = 1000
  t.equal(limit.admit('a'), 2)
  now = 5000
  t.equal(limit.admit('a'), 0, 'the count starts again')
})

t.test('a burst passes', async (t) => {
  let now = 0
  const limit = new RepeatLimit(1000, 3, () => now)
  t.same(
    [1, 2, 3, 4, 5].map(() => limit.admit('a')),
    [0, 0, 0, undefined, undefined],
  )
  now = 1000
  t.equal(limit.admit('a'), 2)
  t.equal(limit.admit('a'), 0)
})

t.test('remembers a bounded number of events, the newest', async (t) => {
  const limit = new RepeatLimit(1000, 1, () => 0)
  for (let i = 0; i < 5000; i++) limit.admit(`event ${i}`)
  t.equal(limit.admit('event 4999'), undefined, 'a recent one is still held back')
  t.equal(limit.admit('event 0'), 0, 'the oldest was forgotten')
})

t.test('what was held back before is told with the rest', async (t) => {
  let now = 0
  const limit = new RepeatLimit(1000, 2, () => now)
  t.equal(limit.admit('x', 3), 3)
  t.equal(limit.admit('x'), 0)
  t.equal(limit.admit('x', 4), undefined)
  t.equal(limit.admit('x'), undefined)
  now = 1000
  t.equal(limit.admit('x', 10), 16)
})
