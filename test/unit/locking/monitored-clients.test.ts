import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { MonitoredClients } from '../../../nfs-server/locking/monitored-clients.ts'
import { createSilentLog } from '../../../nfs-server/log.ts'

const one = { address: '192.0.2.1', name: 'one', localAddress: '192.0.2.9' }
const two = { address: '192.0.2.2', name: 'two', localAddress: '192.0.2.9' }

function directory(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'fsva-monitored-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

function open(path: string, clientsMax = 100, clientsPerAddressMax = 100) {
  const limits = { clientsMax, clientsPerAddressMax }
  const clients = new MonitoredClients(path, limits, createSilentLog())
  return { clients, found: clients.begin() }
}

t.test('who was added is found after a crash, and the state goes up to the next odd number', async (t) => {
  const path = directory(t)
  const { clients, found } = open(path)
  t.same(found, [])
  t.equal(clients.state, 1)
  t.equal(await clients.add(one), true)
  t.equal(await clients.add(one), true)
  t.same(JSON.parse(readFileSync(join(path, 'locks.json'), 'utf8')), { state: 1, clients: [one] })
  const again = open(path)
  t.same(again.found, [one])
  t.equal(again.clients.state, 3)
})

t.test('many at once are all written', async (t) => {
  const path = directory(t)
  const { clients } = open(path)
  const many = Array.from({ length: 50 }, (_, index) => ({ ...one, name: `client-${index}` }))
  t.ok((await Promise.all(many.map((client) => clients.add(client)))).every(Boolean))
  t.same(open(path).found, many)
})

t.test('an end leaves those who still have locks, and an even state', async (t) => {
  const path = directory(t)
  const { clients } = open(path)
  await clients.add(one)
  await clients.add(two)
  clients.end((client) => client.name === 'two')
  t.same(JSON.parse(readFileSync(join(path, 'locks.json'), 'utf8')), { state: 2, clients: [two] })
  const again = open(path)
  t.same(again.found, [two])
  t.equal(again.clients.state, 3)
})

t.test('who is forgotten is not found again', async (t) => {
  const path = directory(t)
  const { clients } = open(path)
  await clients.add(one)
  clients.forget((client) => client.name === 'one')
  await clients.add(two)
  t.equal(clients.has(one), false)
  t.same(open(path).found, [two])
})

t.test('too many, or nowhere to write: no', async (t) => {
  const path = directory(t)
  const { clients } = open(path, 1)
  t.equal(await clients.add(one), true)
  t.equal(await clients.add(two), false)
  t.equal(await clients.add(one), true)
  const narrow = open(directory(t), 100, 1).clients
  t.equal(await narrow.add(one), true)
  t.equal(await narrow.add({ ...one, name: 'another' }), false)
  t.equal(await narrow.add(two), true)
  const gone = directory(t)
  const lost = open(gone)
  rmSync(gone, { recursive: true })
  t.equal(await lost.clients.add(one), false)
  t.equal(lost.clients.has(one), false)
  writeFileSync(gone, '')
})

t.test('a file that is not ours is no reason not to start', async (t) => {
  const path = directory(t)
  for (const text of ['', '{', '[]', '{"state":"x","clients":[]}', '{"state":1,"clients":{}}']) {
    writeFileSync(join(path, 'locks.json'), text)
    t.same(open(path).found, [], text)
  }
  writeFileSync(
    join(path, 'locks.json'),
    JSON.stringify({ state: 5, clients: [one, 7, null, { address: 1 }] }),
  )
  const { clients, found } = open(path)
  t.same(found, [one])
  t.equal(clients.state, 7)
})
