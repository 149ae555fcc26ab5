import t from 'tap'
import { GracePeriod } from '../../../../nfs-server/programs/nlm/grace.ts'

t.test('before anything begins, new locks and no reclaims', async (t) => {
  const grace = new GracePeriod()
  t.equal(grace.isActive, false)
  t.equal(grace.admits('a', false), true)
  t.equal(grace.admits('a', true), false)
})

t.test('in it only those who had locks, and only what they had', async (t) => {
  const grace = new GracePeriod()
  grace.begin(3600, ['a'])
  t.equal(grace.isActive, true)
  t.equal(grace.admits('a', true), true)
  t.equal(grace.admits('a', false), false)
  t.equal(grace.admits('b', true), false)
  t.equal(grace.admits('b', false), false)
})

t.test('none if nobody had any, or if it lasts no time', async (t) => {
  const grace = new GracePeriod()
  grace.begin(3600, [])
  t.equal(grace.isActive, false)
  grace.begin(0, ['a'])
  t.equal(grace.isActive, false)
})
