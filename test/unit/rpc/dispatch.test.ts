import t from 'tap'
import { CallerCache } from '../../../nfs-server/rpc/auth.ts'
import {
  Dispatcher,
  type DispatcherOptions,
  type Peer,
  unintelligible,
} from '../../../nfs-server/rpc/dispatch.ts'
import { type CallObservation, type ReplyCache, RpcRejection } from '../../../nfs-server/rpc/program.ts'
import { XdrWriter } from '../../../nfs-server/xdr/writer.ts'
import { echoProgramNumber, echoVersion, programOf } from './echo-program.ts'
import { accepted, auth, call, denied, opaque, sysBody, words } from './wire.ts'

const PROG_UNAVAIL = 1
const PROG_MISMATCH = 2
const PROC_UNAVAIL = 3
const GARBAGE_ARGS = 4
const SYSTEM_ERR = 5
const RPC_MISMATCH = 0
const AUTH_ERROR = 1

class RecordingPeer implements Peer {
  readonly callers = new CallerCache('127.0.0.1', 1, 10)
  readonly transport = 'tcp'
  readonly localAddress = '127.0.0.1'
  readonly replies: Buffer[] = []
  isGone = false
  #writer = new XdrWriter()

  beginReply() {
    this.#writer.reset()
    return this.isGone ? undefined : this.#writer
  }

  endReply() {
    this.replies.push(Buffer.from(this.#writer.bytes()))
  }

  abandonReply() {
    this.#writer.truncate(0)
  }
}

const of = (procedure: number, args = opaque(Buffer.from('hello'))) => ({
  program: echoProgramNumber,
  version: echoVersion,
  procedure,
  args,
})

function newDispatcher(
  handlers: Parameters<typeof programOf>[0],
  options?: DispatcherOptions,
  once: number[] = [],
) {
  return new Dispatcher([programOf(handlers, once)], options)
}

t.test('a handler that answers at once is answered at once', async (t) => {
  const peer = new RecordingPeer()
  const dispatcher = newDispatcher({ 1: (args) => args })
  t.equal(dispatcher.dispatch(call(of(1)), peer), undefined)
  t.equal(dispatcher.dispatch(call({ ...of(0), xid: 8, args: Buffer.alloc(0) }), peer), undefined)
  t.same(peer.replies, [Buffer.concat([accepted(7, 0), opaque(Buffer.from('hello'))]), accepted(8, 0)])
})

t.test('a handler that answers later', async (t) => {
  const peer = new RecordingPeer()
  const dispatcher = newDispatcher({ 1: async (args) => args })
  const pending = dispatcher.dispatch(call(of(1)), peer)
  t.same(peer.replies, [])
  if (typeof pending !== 'object') throw new Error('not pending')
  await pending.settled
  t.same(peer.replies, [Buffer.concat([accepted(7, 0), opaque(Buffer.from('hello'))])])
})

t.test('what a handler is told', async (t) => {
  let seen: unknown
  const dispatcher = newDispatcher({
    1: (args, call) => {
      seen = call
      return args
    },
  })
  const credential = auth(1, sysBody(5, 6))
  dispatcher.dispatch(call({ ...of(1), credential }), new RecordingPeer())
  t.match(seen, {
    xid: 7,
    caller: { address: '127.0.0.1', uid: 5, gid: 6 },
    transport: 'tcp',
    localAddress: '127.0.0.1',
    program: echoProgramNumber,
    version: echoVersion,
    procedure: 1,
    arguments: opaque(Buffer.from('hello')),
  })
})

t.test('refusals, byte for byte', async (t) => {
  const dispatcher = newDispatcher({ 1: (args) => args, 3: (args) => args })
  const refusals: [string, Buffer, Buffer][] = [
    ['another RPC version', call({ ...of(1), rpcvers: 1 }), denied(7, RPC_MISMATCH, 2, 2)],
    ['a malformed credential', call({ ...of(1), credential: auth(1, words(0)) }), denied(7, AUTH_ERROR, 1)],
    ['an unknown flavor', call({ ...of(1), credential: auth(6, words(0)) }), denied(7, AUTH_ERROR, 2)],
    ['a verifier', call({ ...of(1), verifier: auth(6, words(0)) }), denied(7, AUTH_ERROR, 3)],
    [
      'a long credential',
      call({ ...of(1), credential: auth(0, Buffer.alloc(404)) }),
      denied(7, AUTH_ERROR, 1),
    ],
    ['a long verifier', call({ ...of(1), verifier: auth(0, Buffer.alloc(404)) }), denied(7, AUTH_ERROR, 3)],
    ['another program', call({ ...of(1), program: 400122 }), accepted(7, PROG_UNAVAIL)],
    ['another version', call({ ...of(1), version: 4 }), accepted(7, PROG_MISMATCH, 2, 2)],
    ['a procedure in a gap', call(of(2)), accepted(7, PROC_UNAVAIL)],
    ['a procedure beyond the last', call(of(4)), accepted(7, PROC_UNAVAIL)],
    ['the largest procedure number', call(of(0xffffffff)), accepted(7, PROC_UNAVAIL)],
    ['arguments that are too short', call(of(1, words(9, 1))), accepted(7, GARBAGE_ARGS)],
    ['no arguments', call(of(1, Buffer.alloc(0))), accepted(7, GARBAGE_ARGS)],
  ]
  for (const [name, message, reply] of refusals) {
    const peer = new RecordingPeer()
    t.equal(dispatcher.dispatch(message, peer), undefined)
    t.same(peer.replies, [reply], name)
  }
})

t.test('the range of a mismatch spans what is served', async (t) => {
  const program = programOf({})
  const rows = program.versions.get(echoVersion)!
  const peer = new RecordingPeer()
  const versions = new Map([1, 3].map((version) => [version, rows]))
  new Dispatcher([{ ...program, versions }]).dispatch(call(of(0)), peer)
  t.same(peer.replies, [accepted(7, PROG_MISMATCH, 1, 3)])
})

t.test('what is no call is not replied to', async (t) => {
  const peer = new RecordingPeer()
  const dispatcher = newDispatcher({})
  for (const message of [Buffer.alloc(0), words(7, 1, 0, 0, 0, 0), call(of(0)).subarray(0, 30)]) {
    t.equal(dispatcher.dispatch(message, peer), unintelligible)
  }
  t.same(peer.replies, [])
})

t.test('handlers that fail', async (t) => {
  const errors: unknown[] = []
  const oops = new Error('oops')
  const dispatcher = newDispatcher(
    {
      1: () => {
        throw oops
      },
      2: async () => {
        throw oops
      },
      3: () => 'not an opaque' as never,
      4: () => {
        throw new RpcRejection('auth', 5)
      },
      5: async () => {
        throw new RpcRejection('accept', PROC_UNAVAIL)
      },
      6: () => {
        throw new RpcRejection('drop')
      },
    },
    { onHandlerError: (error) => errors.push(error) },
  )
  const answer = async (procedure: number) => {
    const peer = new RecordingPeer()
    const pending = dispatcher.dispatch(call(of(procedure)), peer)
    if (typeof pending === 'object') await pending.settled
    return peer.replies
  }
  t.same(await answer(1), [accepted(7, SYSTEM_ERR)])
  t.same(await answer(2), [accepted(7, SYSTEM_ERR)])
  t.same(errors, [oops, oops])
  t.same(await answer(3), [accepted(7, SYSTEM_ERR)], 'a result that cannot be encoded leaves nothing behind')
  t.equal(errors.length, 3)
  t.same(await answer(4), [denied(7, AUTH_ERROR, 5)])
  t.same(await answer(5), [accepted(7, PROC_UNAVAIL)])
  t.same(await answer(6), [])
  t.equal(errors.length, 3, 'a rejection is no bug')
})

t.test('the observer sees what became of every call', async (t) => {
  const seen: CallObservation[] = []
  const dispatcher = newDispatcher(
    { 1: (args) => args, 2: async (args) => args },
    { observer: (observation) => seen.push(observation) },
  )
  const peer = new RecordingPeer()
  for (const message of [
    call(of(1)),
    call(of(9)),
    call({ ...of(1), program: 5 }),
    call({ ...of(1), version: 5 }),
    call({ ...of(1), credential: auth(6) }),
    call(of(1, words(9))),
  ]) {
    dispatcher.dispatch(message, peer)
  }
  const pending = dispatcher.dispatch(call(of(2)), peer)
  if (typeof pending === 'object') await pending.settled
  t.same(
    seen.map(({ program, version, procedure, status }) => [program, version, procedure, status]),
    [
      [echoProgramNumber, echoVersion, 1, 'SUCCESS'],
      [echoProgramNumber, echoVersion, 9, 'PROC_UNAVAIL'],
      [5, echoVersion, 1, 'PROG_UNAVAIL'],
      [echoProgramNumber, 5, 1, 'PROG_MISMATCH'],
      [echoProgramNumber, echoVersion, 1, 'AUTH_REJECTEDCRED'],
      [echoProgramNumber, echoVersion, 1, 'GARBAGE_ARGS'],
      [echoProgramNumber, echoVersion, 2, 'SUCCESS'],
    ],
  )
  t.same(seen[0]?.result, Buffer.from('hello'))
  t.ok(seen.every(({ duration_us }) => duration_us >= 0))
})

t.test('a peer that has gone', async (t) => {
  const peer = new RecordingPeer()
  peer.isGone = true
  const dispatcher = newDispatcher({ 1: (args) => args })
  for (const message of [
    call(of(1)),
    call(of(5)),
    call({ ...of(1), rpcvers: 9 }),
    call({ ...of(1), version: 9 }),
  ]) {
    t.equal(dispatcher.dispatch(message, peer), undefined)
  }
  t.same(peer.replies, [])
})

t.test('the reply cache', async (t) => {
  const stored = new Map<number, Buffer>()
  const running = new Map<number, PromiseWithResolvers<Uint8Array | undefined>>()
  const replyCache: ReplyCache = {
    begin: ({ xid }, brief) => {
      const known = (brief ? undefined : stored.get(xid)) ?? running.get(xid)?.promise
      if (known !== undefined) return known
      running.set(xid, Promise.withResolvers())
      return xid
    },
    end: (xid, reply) => {
      const copy = reply === undefined ? undefined : Buffer.from(reply)
      if (copy !== undefined) stored.set(xid, copy)
      running.get(xid)?.resolve(copy)
      running.delete(xid)
    },
  }
  let runs = 0
  const gate = Promise.withResolvers<void>()
  const dispatcher = newDispatcher(
    {
      1: (args) => {
        runs++
        return args
      },
      2: async (args) => {
        runs++
        await gate.promise
        return args
      },
      3: (args) => {
        runs++
        return args
      },
      4: () => {
        runs++
        throw new RpcRejection('drop')
      },
    },
    { replyCache },
    [1, 2, 4],
  )
  const peer = new RecordingPeer()
  const settle = async (message: Buffer) => {
    const pending = dispatcher.dispatch(message, peer)
    if (typeof pending === 'object') await pending.settled
  }
  const reply = (xid: number) => Buffer.concat([accepted(xid, 0), opaque(Buffer.from('hello'))])

  await settle(call({ ...of(1), xid: 1 }))
  await settle(call({ ...of(1), xid: 1 }))
  t.equal(runs, 1, 'a repeated call does not run again')
  t.same(peer.replies.splice(0), [reply(1), reply(1)])

  const twice = [settle(call({ ...of(2), xid: 2 })), settle(call({ ...of(2), xid: 2 }))]
  t.same(peer.replies, [])
  gate.resolve()
  await Promise.all(twice)
  t.equal(runs, 2, 'nor does one that is repeated while it runs')
  t.same(peer.replies.splice(0), [reply(2), reply(2)])

  await settle(call({ ...of(3), xid: 3 }))
  await settle(call({ ...of(3), xid: 3 }))
  t.equal(runs, 4, 'idempotent calls pass by the cache')
  peer.replies.splice(0)

  await settle(call({ ...of(4), xid: 4 }))
  await settle(call({ ...of(4), xid: 4 }))
  t.equal(runs, 6, 'a call without a reply leaves nothing to repeat')
  t.same(peer.replies, [])
  t.equal(running.size, 0, 'what was begun is ended')

  peer.isGone = true
  await settle(call({ ...of(1), xid: 5 }))
  peer.isGone = false
  await settle(call({ ...of(1), xid: 5 }))
  t.equal(runs, 7, 'a reply that nobody was there to take is kept')
  t.same(peer.replies.splice(0), [reply(5)])
})
