/** Calls that are well framed and wrong inside, on a connection of their own, while another one works. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import fc from 'fast-check'
import t from 'tap'
import { UdpRpcClient } from '../../nfs-server/rpc/client.ts'
import { MOUNT_PROGRAM, MOUNT_V3, MOUNT_V3_PROCEDURES } from '../../nfs-server/xdr/generated/mount.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_PROCEDURES } from '../../nfs-server/xdr/generated/nfs3.ts'
import { accept_stat } from '../../nfs-server/xdr/generated/rpc.ts'
import { XdrWriter } from '../../nfs-server/xdr/writer.ts'
import { callMessage, HostilePeer, record } from '../fixtures/hostile-peer.ts'
import { startWitnessed } from '../fixtures/witnessed-server.ts'
import { protocolCases } from '../unit/xdr/codec-cases.ts'

// Far more than it takes; a machine that runs virtual machines beside it is slow.
t.setTimeout(120_000)

const acceptStat = (reply: Buffer) => reply.readUInt32BE(20)
const xidOf = (reply: Buffer) => reply.readUInt32BE(0)

interface Sample {
  readonly procedure: number
  readonly name: string
  readonly args: Uint8Array
}

/** Well-formed arguments of every procedure of NFS version 3 that takes any, handles being some of `handles`. */
async function samples(handles: readonly Uint8Array[], perProcedure: number): Promise<Sample[]> {
  const cases = await protocolCases('nfs3')
  return Object.values(NFS_V3_PROCEDURES).flatMap((procedure) => {
    const codec = cases.find((some) => some.name === `${procedure.name} arguments`)
    if (codec === undefined) return []
    const values = fc.sample(fc.tuple(codec.arbitrary, fc.constantFrom(...handles)), perProcedure)
    return values.map(([value, handle]) => {
      const writer = new XdrWriter()
      codec.encode(writer, withHandle(value, handle))
      return { procedure: procedure.number, name: procedure.name, args: writer.bytes() }
    })
  })
}

/** The value with every nfs_fh3 in it replaced. */
function withHandle(value: unknown, handle: Uint8Array): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  const entries = Object.entries(value)
  if (entries.length === 1 && entries[0]?.[0] === 'data') return { data: handle }
  return Object.fromEntries(entries.map(([name, part]) => [name, withHandle(part, handle)]))
}

t.test('arguments cut short anywhere are GARBAGE_ARGS', async (t) => {
  const served = await startWitnessed(t)
  const all = await samples([served.root, served.bigFile], 3)
  t.equal(new Set(all.map(({ name }) => name)).size, 21, 'every procedure but NULL')
  await served.during(t, async () => {
    const peer = await HostilePeer.connect(served.nfsPort)
    for (const { procedure, name, args } of all) {
      const before = peer.replies().length
      const calls = [...args.keys()].map((length) =>
        record(callMessage(length, NFS_PROGRAM, NFS_V3, procedure, args.subarray(0, length))),
      )
      await peer.send(Buffer.concat(calls))
      const replies = (await peer.waitForReplies(before + calls.length)).slice(before)
      t.equal(replies.length, calls.length, `${name}: every call is answered`)
      const wrong = replies.filter((reply) => acceptStat(reply) !== accept_stat.GARBAGE_ARGS)
      t.same(wrong.map(xidOf), [], `${name}: as garbage`)
    }
    peer.destroy()
  })
})

t.test('headers cut short anywhere end the connection or are refused', async (t) => {
  const served = await startWitnessed(t)
  const message = callMessage(1, NFS_PROGRAM, NFS_V3, 0)
  await served.during(t, async () => {
    for (let length = 0; length < message.length; length++) {
      const peer = await HostilePeer.connect(served.nfsPort)
      await peer.send(record(message.subarray(0, length)))
      peer.socket.end()
      await peer.closed
      const accepted = peer.replies().filter((reply) => reply.readUInt32BE(8) === 0)
      if (accepted.length > 0) t.fail(`a header of ${length} bytes was accepted`)
    }
  })
  await served.connectionsDown(1)
})

for (const isNative of [false, true]) {
  const where = isNative ? 'on a real directory' : 'in memory'
  t.test(`any well-formed arguments have an answer ${where}`, async (t) => {
    const served = await startWitnessed(t, {}, isNative)
    const forged = Buffer.from(served.root)
    forged[forged.length - 1]! ^= 1
    const handles = [served.root, served.bigFile, forged, Buffer.alloc(0), Buffer.alloc(64, 0x61)]
    const all = await samples(handles, 60)
    await served.during(t, async () => {
      const peer = await HostilePeer.connect(served.nfsPort)
      await peer.send(
        Buffer.concat(
          all.map(({ procedure, args }, xid) =>
            record(callMessage(xid, NFS_PROGRAM, NFS_V3, procedure, args)),
          ),
        ),
      )
      const replies = await peer.waitForReplies(all.length)
      t.equal(new Set(replies.map(xidOf)).size, all.length, `${all.length} calls, each answered once`)
      const failed = replies.filter((reply) => acceptStat(reply) !== accept_stat.SUCCESS)
      const names = failed.map((reply) => `${all[xidOf(reply)]!.name} ${acceptStat(reply)}`)
      t.same(names, [], 'none of them by an error of ours')
      peer.destroy()
    })
  })

  t.test(`corrupted arguments have an answer ${where}`, async (t) => {
    const served = await startWitnessed(t, {}, isNative)
    const all = await samples([served.root, served.bigFile], 12)
    const words = [0xffffffff, 0x80000000, 0x7fffffff, 0x10000, 5, 0]
    await served.during(t, async () => {
      const peer = await HostilePeer.connect(served.nfsPort)
      for (const [i, { procedure, name, args }] of all.entries()) {
        const before = peer.replies().length
        const calls: Buffer[] = []
        for (let at = 0; at + 4 <= args.length; at += 4) {
          const corrupted = Buffer.from(args)
          corrupted.writeUInt32BE(words[(i + at / 4) % words.length]!, at)
          calls.push(record(callMessage(at, NFS_PROGRAM, NFS_V3, procedure, corrupted)))
        }
        await peer.send(Buffer.concat(calls))
        const replies = (await peer.waitForReplies(before + calls.length)).slice(before)
        t.equal(replies.length, calls.length, `${name}: every call is answered`)
        const ours = replies.filter((reply) => acceptStat(reply) === accept_stat.SYSTEM_ERR)
        t.same(ours.map(xidOf), [], `${name}: none by an error of ours`)
      }
      peer.destroy()
    })
  })
}

t.test('datagrams that are no calls are ignored', async (t) => {
  const served = await startWitnessed(t)
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  let replies = 0
  socket.on('message', (message) => {
    if (message.length < 8 || message.readUInt32BE(4) !== 1) t.fail('no reply message')
    replies++
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const call = callMessage(1, MOUNT_PROGRAM, MOUNT_V3, 1, Buffer.from('000004002f657870', 'hex'))
  const datagrams = [
    Buffer.alloc(0),
    Buffer.alloc(1400, 0xff),
    ...[...call.keys()].map((length) => call.subarray(0, length)),
    ...fc.sample(fc.uint8Array({ maxLength: 1400 }), 100),
  ]
  await served.during(t, async () => {
    for (const datagram of datagrams) {
      await new Promise<void>((resolve) =>
        socket.send(datagram, served.mountPort, '127.0.0.1', () => resolve()),
      )
    }
    const client = new UdpRpcClient('127.0.0.1', served.mountPort)
    const path = Buffer.from('/export')
    const result = await client.call(MOUNT_PROGRAM, MOUNT_V3, MOUNT_V3_PROCEDURES.MOUNTPROC3_MNT, path)
    t.equal(result.fhs_status, 0, 'a well-formed one is answered after them')
  })
  t.ok(replies < datagrams.length, `${replies} of ${datagrams.length} deserved a reply`)
})
