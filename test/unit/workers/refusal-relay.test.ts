import pino from 'pino'
import t from 'tap'
import { RefusalLog } from '../../../nfs-server/refusal-log.ts'
import type { CountedRefusals } from '../../../nfs-server/workers/messages.ts'
import { RefusalRelay } from '../../../nfs-server/workers/refusal-relay.ts'

function start() {
  const sent: CountedRefusals[] = []
  return { sent, relay: new RefusalRelay((refusals) => sent.push(refusals)) }
}

const refusal = (client: string, reason = 'it is not among the clients') => ({ client, export: '/a', reason })

t.test('what is repeated goes as a number', async (t) => {
  const { sent, relay } = start()
  for (let times = 0; times < 1000; times++) relay.report(refusal('192.0.2.1'))
  relay.report(refusal('192.0.2.2'), 'another key')
  t.same(sent, [], 'not one by one')
  relay.flush()
  t.same(sent, [
    {
      counted: [
        { refusal: refusal('192.0.2.1'), key: 'it is not among the clients', times: 1000 },
        { refusal: refusal('192.0.2.2'), key: 'another key', times: 1 },
      ],
      others: 0,
    },
  ])
  relay.flush()
  t.equal(sent.length, 1, 'nothing is said twice')
})

t.test('by itself after a while', async (t) => {
  const { promise, resolve } = Promise.withResolvers<CountedRefusals>()
  const relay = new RefusalRelay(resolve)
  relay.report(refusal('192.0.2.1'))
  // The relay's own timer keeps nothing alive.
  const keepAlive = setInterval(() => {}, 1000)
  t.equal((await promise).counted.length, 1)
  clearInterval(keepAlive)
})

t.test('a message is bounded, whatever peers do, and nobody is blamed for others', async (t) => {
  const { sent, relay } = start()
  for (let client = 0; client < 5000; client++) relay.report(refusal(`client ${client}`))
  relay.flush()
  const [{ counted, others }] = sent as [CountedRefusals]
  t.equal(counted.length, 1000)
  t.ok(counted.every(({ times }) => times === 1))
  t.equal(others, 4000)

  const lines: { msg: string; repeated?: number }[] = []
  const log = new RefusalLog(pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }))
  t.teardown(() => log.close())
  log.report(refusal('192.0.2.1'), 'key', 7)
  log.reportOthers(others)
  log.summarize()
  t.match(lines[0]!.msg, /192\.0\.2\.1 was refused/)
  t.match(lines[1], { repeated: 6, msg: /6 times more/ })
  t.match(lines[2], { repeated: 4000, msg: /4000 calls of other clients/ })
})
