import t from 'tap'
import { BusyPoll } from '../../../nfs-server/rpc/busy-poll.ts'

t.test('looks for long while it finds something, and hardly when it does not', async (t) => {
  const poll = new BusyPoll(200, () => false)
  t.equal(poll.microseconds, 200)
  for (let miss = 0; miss < 10; miss++) poll.looked(false)
  t.ok(poll.microseconds < 20, `${poll.microseconds} us`)
  t.ok(poll.microseconds > 0, 'enough to notice that there is something again')
  poll.looked(true)
  t.equal(poll.microseconds, 200)
})

t.test('not while other things are waited for, and never if it is off', async (t) => {
  let isBusy = false
  const poll = new BusyPoll(200, () => isBusy)
  isBusy = true
  t.equal(poll.microseconds, 0)
  const off = new BusyPoll(0, () => false)
  off.looked(true)
  t.equal(off.microseconds, 0)
})
