import t, { type Test } from 'tap'
import type { Caller } from '../../../nfs-server/caller.ts'
import { Replies } from '../../../nfs-server/vfs/native-replies.ts'
import { openCore, openExport } from '../../fixtures/native-core.ts'

const bytesMax = 64 << 10
const caller: Caller = { address: '192.0.2.1', port: 700, flavor: 'sys', uid: 1, gid: 1, gids: [] }
const call = { caller, xid: 1, program: 100_003, version: 3, procedure: 12, arguments: Buffer.from('some') }
const reply = Buffer.from('reply')

function openReplies(t: Test, lasting = false): Replies {
  const { core, close } = openCore([openExport('/export')], 'trees of another Vfs')
  t.same(core.native.openReplies(lasting, bytesMax), { replies: 0, doubts: 0, happened: 0, warnings: [] })
  const replies = new Replies(core)
  t.teardown(() => {
    replies.close()
    close()
  })
  return replies
}

t.test('a call is new once, runs, and then has a reply', async (t) => {
  const replies = openReplies(t)
  const number = replies.begin(call, false)
  t.type(number, 'number')
  const meanwhile = [replies.begin(call, false), replies.begin(call, false)]
  t.ok(meanwhile.every((found) => found instanceof Promise))
  t.type(replies.begin({ ...call, xid: 2 }, false), 'number', 'another call is not held up')
  replies.end(number as number, reply)
  t.same(await Promise.all(meanwhile), [reply, reply])
  const later = { ...call, caller: { ...caller, port: 1000 } }
  t.same(replies.begin(later, false), reply, 'from another port')
  t.type(replies.begin({ ...call, caller: { ...caller, address: '192.0.2.2' } }, false), 'number')
  t.match(replies.figures(), { held: 1, joined: 2, replayed: 1, inherited: 0 })
})

t.test('a call that ends without a reply is new again', async (t) => {
  const replies = openReplies(t)
  const number = replies.begin(call, false) as number
  const meanwhile = replies.begin(call, false)
  replies.end(number, undefined)
  t.equal(await meanwhile, undefined)
  t.type(replies.begin(call, false), 'number')
})

t.test('a brief one is forgotten when it has ended', async (t) => {
  const replies = openReplies(t)
  const number = replies.begin(call, true) as number
  const meanwhile = replies.begin(call, true)
  replies.end(number, reply)
  t.same(await meanwhile, reply)
  t.type(replies.begin(call, true), 'number')
})

t.test('closed, it remembers nothing and says what it knew', async (t) => {
  const replies = openReplies(t)
  const number = replies.begin(call, false) as number
  replies.close()
  replies.end(number, reply)
  t.equal(replies.begin(call, false), undefined)
  t.equal(replies.figures().held, 0)
})

t.test('sizes that no record has', async (t) => {
  const { core, close } = openCore([openExport('/export')], 'trees of another Vfs')
  t.teardown(close)
  for (const bytes of [0, bytesMax - 1, (1 << 30) + 1, Number.NaN, -1]) {
    t.throws(() => core.native.openReplies(false, bytes), /a reply record has/)
  }
  t.throws(() => new Replies(core), /has not been opened/)
})
