import t from 'tap'
import { defaultRpcLimits } from '../../../nfs-server/rpc/limits.ts'
import { ServerLoad } from '../../../nfs-server/rpc/server-load.ts'

t.test('who is alone may do as much as there is; others are looked at after one large READ', async (t) => {
  const load = new ServerLoad(defaultRpcLimits)
  const one = load.connectionOpened('10.0.0.1')
  t.equal(load.unitsPerTurn, Number.POSITIVE_INFINITY)
  load.connectionOpened('10.0.0.2')
  const shared = load.unitsPerTurn
  const replyUnits = (1 << 20) / (8 << 10)
  t.ok(shared <= replyUnits, `${shared} units are no more than 1 MiB of replies`)
  const taker = { load: one, served: 0, takeTurn: () => 0 }
  load.turns.add(taker)
  t.ok(load.unitsPerTurn < shared, 'who waits already does not wait for as much')
  load.turns.remove(taker)
  load.connectionClosed('10.0.0.2')
  t.equal(load.unitsPerTurn, Number.POSITIVE_INFINITY)
})
