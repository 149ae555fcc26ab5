/** Calls that never come back: what they fill has to go on for calls to something else. */
import t from 'tap'
import { Dispatcher } from '../../../nfs-server/rpc/dispatch.ts'
import { RpcListener } from '../../../nfs-server/rpc/listener.ts'
import { HostilePeer } from '../../fixtures/hostile-peer.ts'
import { echoProgramNumber, echoVersion, programOf } from './echo-program.ts'
import { accepted, call, opaque, record } from './wire.ts'

const bytes = Buffer.from('hello')

function echo(xid: number, procedure: number): Buffer {
  return record(
    call({ program: echoProgramNumber, version: echoVersion, procedure, xid, args: opaque(bytes) }),
  )
}

t.test('a connection full of calls that do not come back takes others after a while', async (t) => {
  const calls = 4
  const release = Promise.withResolvers<void>()
  let begun = 0
  const stuck = async (args: Uint8Array) => {
    begun++
    await release.promise
    return args
  }
  const listener = new RpcListener({ limits: { callsPerConnectionMax: calls } })
  t.teardown(() => listener.close())
  const dispatcher = new Dispatcher([programOf({ 1: (args) => args, 2: stuck })])
  const { port } = await listener.listenTcp(dispatcher, { address: '127.0.0.1', port: 0 })
  const peer = await HostilePeer.connect(port)

  const fill = Array.from({ length: calls }, (_, index) => echo(index + 1, 2))
  await peer.send(Buffer.concat([...fill, echo(100, 1)]))
  t.same(await peer.waitForReplies(1), [Buffer.concat([accepted(100, 0), opaque(bytes)])])
  t.equal(begun, calls)

  const more = Array.from({ length: 10 * calls }, (_, index) => echo(index + 200, 2))
  await peer.send(Buffer.concat([...more, echo(101, 1)]))
  release.resolve()
  t.equal((await peer.waitForReplies(2 + 11 * calls)).length, 2 + 11 * calls, 'none was lost')
  peer.destroy()
})
