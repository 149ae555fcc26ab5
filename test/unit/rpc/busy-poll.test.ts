import t from 'tap'
import { BusyPoll } from '../../../nfs-server/rpc/busy-poll.ts'
import { LoopsAwake } from '../../../nfs-server/rpc/loops-awake.ts'

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
  let isCrowded = false
  const poll = new BusyPoll(
    200,
    () => isBusy,
    undefined,
    () => isCrowded,
  )
  isBusy = true
  t.equal(poll.microseconds, 0)
  t.equal(poll.microsecondsUnlessWanted, 200, 'but where they put an end to it')
  isCrowded = true
  t.equal(poll.microsecondsUnlessWanted, 0, 'and not if they are there')
  const off = new BusyPoll(0, () => false)
  off.looked(true)
  t.equal(off.microseconds, 0)
})

t.test('of several loops none looks while they have every processor', async (t) => {
  const loops = new LoopsAwake(undefined, 2)
  const another = new LoopsAwake(loops.memory, 2)
  const poll = new BusyPoll(200, () => false, loops)
  poll.whileAwake(() => {
    t.equal(poll.microseconds, 200)
    another.woke()
    t.equal(poll.microseconds, 0, 'the other thread is awake, too')
    another.sleeps()
    t.equal(poll.microseconds, 200)
  })
  t.ok(another.leaveProcessors)
})

t.test('a loop that failed is not awake for ever', async (t) => {
  const loops = new LoopsAwake(undefined, 1)
  const poll = new BusyPoll(200, () => false, loops)
  const fail = () => {
    t.notOk(loops.leaveProcessors)
    throw new Error('a bug')
  }
  t.throws(() => poll.whileAwake(fail), /a bug/)
  t.ok(loops.leaveProcessors)
})
