import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Dispatcher } from '../../../nfs-server/rpc/dispatch.ts'
import type { RpcLimits } from '../../../nfs-server/rpc/limits.ts'
import { RpcListener } from '../../../nfs-server/rpc/listener.ts'
import type { RpcCall } from '../../../nfs-server/rpc/program.ts'
import { echoProgramNumber, echoVersion, programOf } from './echo-program.ts'
import { accepted, call, opaque, words } from './wire.ts'

const SYSTEM_ERR = 5

async function serve(t: Test, handlers: Parameters<typeof programOf>[0], limits: Partial<RpcLimits> = {}) {
  const listener = new RpcListener({ limits })
  t.teardown(() => listener.close())
  const { port } = await listener.listenUdp(new Dispatcher([programOf(handlers)]), {
    address: '127.0.0.1',
    port: 0,
  })
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const replies: Buffer[] = []
  socket.on('message', (message) => replies.push(message))
  const send = (message: Uint8Array) =>
    new Promise<void>((resolve) => socket.send(message, port, '127.0.0.1', () => resolve()))
  const until = async (count: number) => {
    while (replies.length < count) await sleep(2)
    return replies
  }
  return { listener, send, until, replies, port: socket.address().port }
}

function echo(xid: number, procedure: number, bytes: Uint8Array = Buffer.from('hello')): Buffer {
  return call({ xid, program: echoProgramNumber, version: echoVersion, procedure, args: opaque(bytes) })
}

const reply = (xid: number, bytes: Uint8Array = Buffer.from('hello')) =>
  Buffer.concat([accepted(xid, 0), opaque(bytes)])

t.test('a datagram is a call, another one its reply', async (t) => {
  let seen: RpcCall | undefined
  const { send, until, port } = await serve(t, {
    1: (args, call) => {
      seen = call
      return args
    },
    2: async (args) => {
      await sleep(1)
      return args
    },
  })
  await send(echo(1, 1))
  t.same(await until(1), [reply(1)])
  t.match(seen, { transport: 'udp', caller: { address: '127.0.0.1', port }, localAddress: '127.0.0.1' })
  await send(echo(2, 2))
  t.same((await until(2))[1], reply(2))
})

t.test('what is no call gets no answer', async (t) => {
  const { send, until } = await serve(t, { 1: (args) => args })
  for (const message of [
    Buffer.alloc(0),
    Buffer.alloc(3),
    words(1, 1, 0, 0, 0, 0),
    echo(1, 1).subarray(0, 35),
  ]) {
    await send(message)
  }
  await send(echo(2, 1))
  t.same(await until(1), [reply(2)], 'only the call that came after')
})

t.test('a reply that is much longer than a call is not sent', async (t) => {
  const { send, until } = await serve(
    t,
    { 1: () => Buffer.alloc(500), 2: () => Buffer.alloc(2000) },
    { udpReplyBytesMax: 528 },
  )
  await send(echo(1, 1))
  t.same(await until(1), [reply(1, Buffer.alloc(500))])
  await send(echo(2, 2))
  t.same((await until(2))[1], accepted(2, SYSTEM_ERR))
})

t.test('calls beyond the limit are dropped', async (t) => {
  const waiting: (() => void)[] = []
  const { send, until, listener, replies } = await serve(
    t,
    {
      1: async (args) => {
        await new Promise<void>((resolve) => waiting.push(resolve))
        return args
      },
      2: (args) => args,
    },
    { udpCallsMax: 2 },
  )
  for (let xid = 0; xid < 5; xid++) await send(echo(xid, 1))
  while (waiting.length < 2) await sleep(2)
  await send(echo(9, 2))
  await sleep(20)
  t.equal(waiting.length, 2)
  for (const resolve of waiting.splice(0)) resolve()
  await until(2)
  await send(echo(10, 2))
  t.same((await until(3))[2], reply(10), 'there is room again')

  await send(echo(11, 1))
  while (waiting.length < 1) await sleep(2)
  const drained = listener.drain(5000)
  waiting[0]!()
  await drained
  t.same((await until(4))[3], reply(11), 'draining waits for the reply')
  t.equal(replies.length, 4)
})
