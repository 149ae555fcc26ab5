/** Several event loops of one server: what they share, what is bounded over all of them, and that they end together (workers-end.test.ts: when something is wrong). */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { RpcLimits } from '../../nfs-server/rpc/limits.ts'
import { createServer } from '../../nfs-server/server.ts'
import { MemoryVfs } from '../../nfs-server/vfs/memory-vfs.ts'
import { createmode3, NFS_V3_PROCEDURES as nfs, stable_how } from '../../nfs-server/xdr/generated/nfs3.ts'
import { type Handle, made, NfsClient, ok, statusOf, toWire } from '../fixtures/nfs-client.ts'
import { mkdirCall, RawConnection, repeatable } from '../fixtures/repeatable-call.ts'
import { eventually, WorkersServer } from '../fixtures/workers-server.ts'

t.setTimeout(240_000)

const where = (dir: Handle, name: string) => ({ dir: { data: dir }, name: Buffer.from(name) })
const createCall = (dir: Handle, name: string) =>
  repeatable(nfs.NFSPROC3_CREATE, {
    where: where(dir, name),
    how: { mode: createmode3.GUARDED, obj_attributes: toWire({ mode: 0o644 }) },
  })

t.test('connections are spread, and found again when they have ended', async (t) => {
  const server = await WorkersServer.start(t)
  const open: RawConnection[] = []
  for (let count = 1; count <= 6; count++) {
    open.push(await RawConnection.open(server.port))
    await server.connections(count)
  }
  t.same(await server.spread(), [3, 3])
  for (const connection of open) connection.close()
  await server.connections(0)
  const [own, other] = await server.each()
  t.same(await server.spread(), [1, 1])
  for (const connection of [own, other]) connection.close()
})

for (const cache of ['on', 'off'] as const) {
  t.test(`a call that comes to two loops, reply cache ${cache}`, async (t) => {
    const limits = cache === 'off' ? { reply_cache_bytes_max: 0 } : {}
    const server = await WorkersServer.start(t, { limits })
    const root = await server.root()
    const [own, other] = await server.each()
    t.teardown(() => {
      own.close()
      other.close()
    })
    const again = cache === 'on' ? 'NFS3_OK' : 'NFS3ERR_EXIST'
    for (const [index, [first, second]] of [
      [own, other],
      [other, own],
    ].entries()) {
      const call = mkdirCall(root, `one-after-the-other-${index}`)
      t.equal(statusOf((await first!.ask(call))!), 'NFS3_OK')
      t.equal(statusOf((await second!.ask(call))!), again, 'answered by the other loop')
    }
    // At the same time, until one of them has waited for the other.
    const seen = new Set<string>()
    let rounds = 0
    const isSeen = async () => cache === 'off' || (await server.metric('fsva_reply_cache_joined_total')) > 0
    await eventually(async () => {
      const calls = Array.from({ length: 32 }, () => mkdirCall(root, `at-once-${rounds++}`))
      const answers = await Promise.all(calls.map((call) => Promise.all([own.ask(call), other.ask(call)])))
      for (const pair of answers)
        seen.add(
          pair
            .map((answer) => statusOf(answer!))
            .sort()
            .join(' '),
        )
      return isSeen()
    })
    t.same([...seen], [cache === 'on' ? 'NFS3_OK NFS3_OK' : 'NFS3ERR_EXIST NFS3_OK'])
  })
}

t.test('what one loop changes, the other sees at once', async (t) => {
  const server = await WorkersServer.start(t)
  const root = await server.root()
  const [own, other] = await server.each()
  const attributes = (connection: RawConnection, file: Handle) =>
    connection.ask(repeatable(nfs.NFSPROC3_GETATTR, { object: { data: file } }))
  const file = made((await own.ask(createCall(root, 'file')))!)
  for (let round = 1; round <= 100; round++) {
    const [writer, reader] = round % 2 === 0 ? [own, other] : [other, own]
    const new_attributes = toWire({ mode: round, size: BigInt(round) })
    const changes = { object: { data: file }, new_attributes, guard: undefined }
    ok((await writer.ask(repeatable(nfs.NFSPROC3_SETATTR, changes)))!)
    const { obj_attributes } = ok((await attributes(reader, file))!)
    if (obj_attributes.mode !== round || obj_attributes.size !== BigInt(round)) {
      t.fail(`round ${round}: mode ${obj_attributes.mode}, size ${obj_attributes.size}`)
    }
  }
  // Permission, too: what was allowed a moment ago, by a call to the other loop.
  const bob = await NfsClient.connect(server.port, { uid: 1002, gid: 1002 })
  ok((await own.ask(repeatable(nfs.NFSPROC3_SETATTR, changeMode(root, 0o755))))!)
  for (let round = 0; round < 40; round++) {
    const isOpen = round % 2 === 0
    const changer = round % 4 < 2 ? own : other
    ok((await changer.ask(repeatable(nfs.NFSPROC3_SETATTR, changeMode(file, isOpen ? 0o644 : 0o600))))!)
    t.equal(statusOf(await bob.read(file, 0n, 16)), isOpen ? 'NFS3_OK' : 'NFS3ERR_ACCES')
  }
  for (const connection of [own, other, bob]) connection.close()
})

function changeMode(object: Handle, mode: number) {
  return { object: { data: object }, new_attributes: toWire({ mode }), guard: undefined }
}

t.test('bounds hold over all loops', async (t) => {
  const server = await WorkersServer.start(t, { limits: { connections_per_address_max: 5 } })
  const open: RawConnection[] = []
  for (let count = 1; count <= 5; count++) {
    open.push(await RawConnection.open(server.port))
    await server.connections(count)
  }
  const [own, other] = await server.spread()
  t.ok(own >= 2 && other >= 2, 'each has fewer than the bound')
  const late = await RawConnection.open(server.port)
  await late.ended
  t.pass('the sixth is turned away')
  t.equal(await server.metric('fsva_connections_refused_total'), 1)
  open.pop()!.close()
  await server.connections(4)
  const next = await RawConnection.open(server.port)
  await server.connections(5)
  for (const connection of [...open, next]) connection.close()
})

t.test('what they have counted is added up', async (t) => {
  const server = await WorkersServer.start(t)
  const [own, other] = await server.each()
  const calls = (count: number) =>
    Array.from({ length: count }, () => repeatable(nfs.NFSPROC3_NULL, undefined))
  await Promise.all(calls(7).map((call) => own.ask(call)))
  await Promise.all(calls(11).map((call) => other.ask(call)))
  const labels = 'program="nfs",version="3",procedure="NULL"'
  t.equal(await server.metric(`fsva_calls_total{${labels},status="NFS3_OK"}`), 18)
  t.equal(await server.metric(`fsva_call_duration_seconds_count{${labels}}`), 18)
  t.equal(await server.metric('fsva_connections'), 2)
  t.equal(await server.metric('fsva_connections_accepted_total'), 2)
  const replyBytes = 28
  t.equal(await server.metric('fsva_sent_bytes_total'), 18 * replyBytes)
  server.process.kill('SIGUSR1')
  await eventually(() => server.log(/calls served so far/).length === 1)
  t.match(server.log(/calls served so far/)[0], { calls: { NULL: 18 }, connectionsAccepted: 2 })
  server.process.kill('SIGTERM')
  t.equal((await server.process.ended).code, 0)
  t.match(server.log(/stopped/)[0], { calls: { NULL: 18 }, connectionsAccepted: 2 })
})

t.test('a reload reaches all of them', async (t) => {
  const server = await WorkersServer.start(t)
  const added = join(server.exported, '..', 'added')
  mkdirSync(added)
  const paths = [server.exported, added]
  const exports = paths.map((path) => ({
    path,
    secure: false,
    squash: 'no_root_squash',
    read_only: path === added,
  }))
  await server.reload({ exports, state_directory: join(server.exported, '..', 'state') })
  const root = await server.root(added)
  const [own, other] = await server.each()
  t.equal(statusOf((await other.ask(createCall(root, 'file')))!), 'NFS3ERR_ROFS')
  await eventually(() => server.log(/was refused/).length > 0)
  t.match(server.log(/was refused/)[0], { export: added, reason: 'the export is read-only' }, 'and says why')
  for (const connection of [own, other]) connection.close()
})

t.test('they end together, and answer what they have begun', async (t) => {
  const server = await WorkersServer.start(t)
  const root = await server.root()
  const each = await server.each()
  const sent = await Promise.all(
    each.map(async (connection, index) => {
      const file = made((await connection.ask(createCall(root, `file-${index}`)))!)
      const data = Buffer.alloc(4096, 0x61)
      return Array.from({ length: 64 }, (_, block) => {
        const place = { offset: BigInt(block * data.length), count: data.length }
        const call = repeatable(nfs.NFSPROC3_WRITE, {
          ...{ file: { data: file }, ...place, stable: stable_how.FILE_SYNC, data },
        })
        connection.send(call)
        return call
      })
    }),
  )
  await Promise.all(each.map((connection, index) => connection.reply(sent[index]![0]!)))
  server.process.kill('SIGTERM')
  t.equal((await server.process.ended).code, 0)
  await Promise.all(each.map((connection) => connection.ended))
  const answered = each.map(
    (connection, index) => sent[index]!.filter((call) => connection.peek(call)).length,
  )
  const { calls } = server.log(/stopped/)[0] as unknown as { calls: { WRITE: number } }
  t.equal(answered[0]! + answered[1]!, calls.WRITE, 'nothing was done and not answered')
  t.same(server.log(/in progress at the deadline/), [])
})

t.test('a Vfs of its own has one loop', async (t) => {
  const exports = [{ path: '/m' }]
  const vfs = new MemoryVfs()
  t.throws(() => createServer({ exports, vfs, workers: 2 }), /a Vfs has one thread/)
  t.throws(() => createServer({ exports, workers: 0 }), /whole number from 1 to 16/)
  t.throws(() => createServer({ exports, workers: 1.5 }), RangeError)
  t.doesNotThrow(() => createServer({ exports, vfs, workers: 1 }))
})

t.test('what would be too little when it is shared out', async (t) => {
  const exports = [{ path: '/m' }]
  const create = (limits: Partial<RpcLimits>) => createServer({ exports, workers: 4, limits })
  t.throws(
    () => create({ memoryBytesMax: (128 << 20) - 1 }),
    /limits.memoryBytesMax is shared out.* 134217728/,
  )
  t.throws(() => create({ callsMax: 3 }), RangeError)
  t.doesNotThrow(() => create({ memoryBytesMax: 128 << 20, callsMax: 4 }))
})
