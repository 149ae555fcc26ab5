import t from 'tap'
import { addUp, lasting, noFigures, SessionTable } from '../../../nfs-server/side-channel/session-table.ts'

const client = { address: '10.0.0.2', privilegedPort: true }

t.test('a device, and a region, have one session', async (t) => {
  const table = new SessionTable()
  const first = table.add(1, client, 0)
  t.equal(table.holder(first, undefined), undefined)
  const second = table.add(2, client, 0)
  t.equal(table.holder(second, 'ab'), first)
  const elsewhere = table.add(3, client, 1)
  t.equal(table.holder(elsewhere, undefined), undefined)
  const local = table.add(4, client, undefined)
  local.instance = 'ab'
  t.equal(table.holder(table.add(5, client, undefined), 'ab'), local)
  t.equal(table.holder(table.add(6, client, undefined), 'cd'), undefined)
  t.equal(table.holder(table.add(7, client, undefined), undefined), undefined)
})

t.test('whoever waits for the end of a session learns of it', async (t) => {
  const table = new SessionTable()
  const { ended } = table.add(1, client, undefined)
  t.equal(table.size, 1)
  t.ok(table.remove(1))
  await ended
  t.equal(table.remove(1), undefined)
  t.equal(table.size, 0)
})

t.test('what sessions counted stays when they end; what they hold does not', async (t) => {
  const figures = { ...noFigures, requests: 7, bytesRead: 4096, openFiles: 3, connected: 1, lentGrants: 2 }
  t.match(addUp([figures, figures]), { requests: 14, openFiles: 6 })
  t.match(addUp([lasting(figures), figures]), { requests: 14, bytesRead: 8192, openFiles: 3, connected: 1 })
  t.same(addUp([]), noFigures)
})
