/** What becomes of the buffer that a READ was given, whichever way the call ends. */
import t from 'tap'
import type { Caller } from '../../../../nfs-server/caller.ts'
import { createNfsProgram } from '../../../../nfs-server/programs/nfs3/program.ts'
import { CallerCache } from '../../../../nfs-server/rpc/auth.ts'
import { granuleBytes } from '../../../../nfs-server/rpc/buffer-pool.ts'
import { Dispatcher, type Peer } from '../../../../nfs-server/rpc/dispatch.ts'
import { errno } from '../../../../nfs-server/vfs/errno.ts'
import { MemoryVfs } from '../../../../nfs-server/vfs/memory-vfs.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_PROCEDURES } from '../../../../nfs-server/xdr/generated/nfs3.ts'
import { XdrWriter } from '../../../../nfs-server/xdr/writer.ts'
import { call } from '../../rpc/wire.ts'

const procedure = NFS_V3_PROCEDURES.NFSPROC3_READ
const caller: Caller = { address: '127.0.0.1', port: 1000, flavor: 'sys', uid: 0, gid: 0, gids: [] }
const calls = 500

/** Remembers no segment, so what it was referred to is never released. */
class FakePeer implements Peer {
  readonly callers = new CallerCache('127.0.0.1', 1, 10)
  readonly transport = 'tcp'
  readonly localAddress = '127.0.0.1'
  isGone = false
  readonly data: Buffer[] = []
  readonly #writer = new XdrWriter()

  beginReply() {
    this.#writer.reset()
    return this.isGone ? undefined : this.#writer
  }

  endReply() {
    this.data.push(Buffer.from(this.#writer.bytes()))
  }

  abandonReply() {
    this.#writer.truncate(0)
  }
}

interface Reading {
  readonly status?: number
  readonly count?: number
  readonly asked?: number
  readonly isGone?: boolean
  readonly isLater?: boolean
}

/** The number of buffers that so many READs have taken. */
async function buffersFor(reading: Reading): Promise<{ buffers: number; peer: FakePeer; waiting: number }> {
  const { status = errno.OK, count = 0, asked = 4096, isGone = false, isLater = false } = reading
  const buffers = new Set<ArrayBufferLike>()
  const vfs = new MemoryVfs()
  vfs.read = (_caller, _file, _offset, buffer) => {
    buffers.add(buffer.buffer)
    buffer.fill(buffers.size)
    const answer =
      status === errno.OK
        ? { status, attributes: undefined, count, eof: true }
        : { status, attributes: undefined, count: 0, eof: false }
    return (isLater ? Promise.resolve(answer) : answer) as ReturnType<MemoryVfs['read']>
  }
  const dispatcher = new Dispatcher([createNfsProgram(vfs)])
  const peer = new FakePeer()
  peer.isGone = isGone
  const args = new XdrWriter()
  const data = vfs.resolve(caller, '/export', new Uint8Array(0)).handle!
  procedure.encodeArguments(args, { file: { data }, offset: 0n, count: asked })
  const of = { program: NFS_PROGRAM, version: NFS_V3, procedure: procedure.number }
  const record = call({ ...of, args: args.bytes() })
  let waiting = 0
  for (let index = 0; index < calls; index++) {
    const pending = dispatcher.dispatch(record, peer)
    if (typeof pending !== 'object') continue
    waiting = pending.replyBytesMax
    await pending.settled
  }
  return { buffers: buffers.size, peer, waiting }
}

t.test('it is used again unless a reply refers to it', async (t) => {
  const endings: Record<string, Reading> = {
    'few data': { count: 700 },
    'none asked for': { asked: 0 },
    'none there': {},
    'an error': { status: errno.EIO },
    'nobody there to read it': { count: 4096, isGone: true },
    'few data of much asked for': { count: 700, asked: 1 << 20 },
    'an error instead of much': { status: errno.EIO, asked: 1 << 20 },
    'much, and nobody there': { count: 1 << 20, asked: 1 << 20, isGone: true },
  }
  for (const [name, ending] of Object.entries(endings)) {
    for (const isLater of [false, true]) {
      const { buffers, peer } = await buffersFor({ ...ending, isLater })
      t.ok(buffers <= 3, `${name}: ${buffers} buffers`)
      t.equal(peer.data.length, ending.isGone === true ? 0 : calls)
    }
  }
  const { buffers } = await buffersFor({ count: 4096 })
  t.ok(buffers >= (calls * 4096) / granuleBytes, `${buffers} buffers that replies refer to`)
})

t.test('few data are in the reply before the buffer is used again', async (t) => {
  const { peer } = await buffersFor({ count: 700 })
  const wrong = peer.data.filter((reply) => {
    const data = reply.subarray(-700)
    return data.some((byte) => byte !== data[0] || byte === 0)
  })
  t.same(wrong, [])
})

t.test('a READ that waits is charged with the whole buffer that it has a piece of', async (t) => {
  for (const asked of [0, 1000, 16_384, 60_000]) {
    const { waiting } = await buffersFor({ asked, isLater: true })
    t.equal(waiting, granuleBytes, `${asked} bytes`)
  }
  const { waiting } = await buffersFor({ asked: 1 << 20, isLater: true })
  t.ok(waiting >= 1 << 20)
})
