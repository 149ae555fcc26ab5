/** Repeated calls over TCP: after a lost connection, while the first one runs, and after the server was killed. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createServer } from '../../nfs-server/server.ts'
import { MemoryVfs } from '../../nfs-server/vfs/memory-vfs.ts'
import { NFS_V3_PROCEDURES as nfs, stable_how, type WRITE3res } from '../../nfs-server/xdr/generated/nfs3.ts'
import { type Changed, changing, changingProcedures } from '../fixtures/changing-calls.ts'
import { made, ok, statusOf, toBytes, toWire } from '../fixtures/nfs-client.ts'
import { RawConnection, type RepeatableCall, repeatable } from '../fixtures/repeatable-call.ts'
import { mountedRoot, RestartableServer } from '../fixtures/restartable-server.ts'

const eventually = async (what: () => Promise<boolean>) => {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; ) {
    if (await what()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('it did not happen')
}

for (const cache of ['on', 'off'] as const) {
  t.test(`a client that loses its connection, cache ${cache}`, async (t) => {
    const server = new RestartableServer(cache === 'off' ? ['--reply-cache-bytes-max', '0'] : [])
    t.teardown(() => server.close())
    await server.start()
    const dir = await server.root()
    for (const [index, procedure] of changingProcedures.entries()) {
      const { call, isDone, secondTime } = await changing(procedure, server.client, dir, `lost-${index}`)
      const first = await RawConnection.open(server.port)
      const port = first.localPort
      await first.sendAndLeave(call)
      await eventually(() => isDone(server.client))
      const second = await RawConnection.open(server.port)
      t.not(second.localPort, port)
      const answers = [await second.ask(call), await second.ask(call)].map((answer) => statusOf(answer!))
      const expected = cache === 'on' ? 'NFS3_OK' : secondTime
      t.same(answers, [expected, expected], procedure)
      t.ok(await isDone(server.client))
      second.close()
    }
  })
}

t.test('a call that is repeated while it runs', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'fsva-replies-'))
  t.teardown(() => rmSync(state, { recursive: true }))
  let gate = Promise.withResolvers<void>()
  const runs = { mkdir: 0, write: 0 }
  const memory = new MemoryVfs()
  const vfs = new Proxy(memory, {
    get(target, property) {
      const member = Reflect.get(target, property)
      if (typeof member !== 'function') return member
      if (property !== 'mkdir' && property !== 'write') return member.bind(target)
      return async (...args: unknown[]) => {
        runs[property]++
        await gate.promise
        return member.apply(target, args)
      }
    },
  })
  const server = createServer({
    exports: [{ path: '/', secure: false, squash: 'no_root_squash' }],
    vfs,
    port: 0,
    mountPort: 0,
    rpcbind: 'off',
    stateDir: state,
  })
  t.teardown(() => server.close())
  const { nfs: nfsAddresses, mount } = await server.start()
  const port = nfsAddresses[0]!.port
  const root = await mountedRoot(mount[0]!.port, '/')
  const attributes = toWire({ mode: 0o755 })
  const connections = await Promise.all(Array.from({ length: 4 }, () => RawConnection.open(port)))
  t.teardown(() => {
    for (const connection of connections) connection.close()
  })

  const makeDirectory: RepeatableCall<Changed> = repeatable(nfs.NFSPROC3_MKDIR, {
    where: { dir: { data: root }, name: toBytes('new') },
    attributes,
  })
  const createFile = repeatable(nfs.NFSPROC3_CREATE, {
    where: { dir: { data: root }, name: toBytes('file') },
    how: { mode: 0, obj_attributes: attributes },
  })
  const file = made((await connections[0]!.ask(createFile))!)
  const data = Buffer.alloc(100_000, 1)
  const writeFile: RepeatableCall<WRITE3res> = repeatable(nfs.NFSPROC3_WRITE, {
    file: { data: file },
    offset: 0n,
    count: data.length,
    stable: stable_how.UNSTABLE,
    data,
  })
  for (const [name, call] of [
    ['mkdir', makeDirectory],
    ['write', writeFile],
  ] as const satisfies (readonly [string, RepeatableCall<Changed>])[]) {
    // The last one leaves without waiting, the one before repeats on the same connection.
    for (const connection of connections.slice(0, 3)) connection.send(call)
    connections[2]!.send(call)
    await connections[3]!.sendAndLeave(call)
    await eventually(async () => (await server.metrics.text()).includes('fsva_reply_cache_joined_total'))
    await eventually(async () => joined(await server.metrics.text()) >= (name === 'mkdir' ? 4 : 8))
    t.ok(
      connections.every((connection) => connection.peek(call) === undefined),
      'nobody is answered yet',
    )
    t.equal(runs[name], 1, 'one execution')
    gate.resolve()
    for (const connection of connections.slice(0, 3)) {
      const answer: Changed | undefined = await connection.reply<Changed>(call)
      t.equal(statusOf(answer!), 'NFS3_OK', 'each on its own connection')
    }
    t.equal(runs[name], 1)
    gate = Promise.withResolvers()
    connections[3] = await RawConnection.open(port)
  }

  // Only what is not idempotent is remembered: repeating a WRITE stores the same bytes again.
  gate.resolve()
  const again = await connections[3]!.ask(writeFile)
  t.equal(ok(again!).count, data.length)
  t.equal(runs.write, 2)
  t.equal(statusOf((await connections[3]!.ask(makeDirectory))!), 'NFS3_OK')
  t.equal(runs.mkdir, 1)
})

function joined(metrics: string): number {
  return Number(/^fsva_reply_cache_joined_total (\d+)$/m.exec(metrics)?.[1] ?? 0)
}

t.test('the record has the size it was given, however many calls there are', async (t) => {
  const bytesMax = 64 << 10
  const server = new RestartableServer(['--reply-cache-bytes-max', `${bytesMax}`])
  t.teardown(() => server.close())
  await server.start()
  const dir = await server.root()
  const connection = await RawConnection.open(server.port)
  const calls = Array.from({ length: 600 }, (_, index) =>
    repeatable(nfs.NFSPROC3_MKDIR, {
      where: { dir: { data: dir }, name: toBytes(`${index}`) },
      attributes: toWire({ mode: 0o755 }),
    }),
  )
  for (const call of calls) connection.send(call)
  for (const call of calls) t.equal(statusOf((await connection.reply(call))!), 'NFS3_OK')
  const figures = await server.figures()
  t.ok(figures.bytes > 0 && figures.bytes <= bytesMax, `${figures.bytes} bytes`)
  t.ok(figures.evicted > 0)
  t.equal(statSync(join(server.state, 'replies')).size, bytesMax)
  const again = await RawConnection.open(server.port)
  t.equal(statusOf((await again.ask(calls.at(-1)!))!), 'NFS3_OK', 'the newest is there')
  t.equal(statusOf((await again.ask(calls[0]!))!), 'NFS3ERR_EXIST', 'the oldest is not')
  connection.close()
  again.close()
})
