import t from 'tap'
import { LockClients } from '../../../../nfs-server/programs/nlm/lock-client.ts'

const limits = {
  clientsMax: 2,
  clientsPerAddressMax: 2,
  locksMax: 5,
  locksPerAddressMax: 3,
  waitersMax: 2,
  waitersPerAddressMax: 1,
}

t.test('clients without locks make room', async (t) => {
  const clients = new LockClients(limits)
  const one = clients.findOrAdd('192.0.2.1', 'one')!
  t.equal(clients.findOrAdd('192.0.2.1', 'one'), one)
  const two = clients.findOrAdd('192.0.2.1', 'two')!
  clients.countLocks(one, 1)
  clients.countWaiters(two, 1)
  t.equal(clients.findOrAdd('192.0.2.3', 'three'), undefined)
  clients.countWaiters(two, -1)
  two.calls = 1
  t.equal(clients.findOrAdd('192.0.2.3', 'three'), undefined, 'one that is being served stays')
  two.calls = 0
  t.ok(clients.findOrAdd('192.0.2.3', 'three'))
  t.same(clients.at('192.0.2.1'), [one])
  t.equal(clients.all().length, 2)
})

t.test('each has its bound, and all together', async (t) => {
  const clients = new LockClients(limits)
  const one = clients.findOrAdd('192.0.2.1', 'one')!
  const two = clients.findOrAdd('192.0.2.2', 'two')!
  clients.countLocks(one, 3)
  t.equal(clients.mayLock(one), false)
  t.equal(clients.mayLock(two), true)
  clients.countLocks(two, 2)
  t.equal(clients.mayLock(two), false, 'all together')
  clients.countLocks(one, -1)
  t.equal(clients.mayLock(two), true)
  clients.countWaiters(one, 1)
  t.equal(clients.mayWait(one), false)
  t.equal(clients.mayWait(two), true)
})

t.test('other names are no way around the bounds of an address', async (t) => {
  const clients = new LockClients({ ...limits, clientsMax: 10 })
  const one = clients.findOrAdd('192.0.2.1', 'one')!
  const two = clients.findOrAdd('192.0.2.1', 'two')!
  clients.countLocks(one, 2)
  clients.countLocks(two, 1)
  t.equal(clients.mayLock(two), false)
  t.equal(clients.findOrAdd('192.0.2.1', 'three'), undefined)
  t.ok(clients.findOrAdd('192.0.2.2', 'three'))
})
