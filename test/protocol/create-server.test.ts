import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import t from 'tap'
import type { Logger } from '../../nfs-server/log.ts'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import { createServer, type ServerOptions } from '../../nfs-server/server.ts'
import { MemoryVfs } from '../../nfs-server/vfs/memory-vfs.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES as mount3,
  mountstat3,
} from '../../nfs-server/xdr/generated/mount.ts'
import { nfsstat3 } from '../../nfs-server/xdr/generated/nfs3.ts'
import { NfsClient } from '../fixtures/nfs-client.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-server-'))
t.teardown(() => rmSync(directory, { recursive: true }))

let states = 0
function options(): Omit<ServerOptions, 'exports'> {
  const stateDir = join(directory, `state-${states++}`)
  return { vfs: new MemoryVfs(), port: 0, mountPort: 0, rpcbind: 'off', stateDir }
}

const nobody = { path: '/m', secure: false }

async function mount(
  port: number,
  path: string,
): Promise<{ status: number; handle: Uint8Array | undefined }> {
  const client = await TcpRpcClient.connect({ host: '127.0.0.1', port }, { credential: { uid: 0, gid: 0 } })
  try {
    const result = await client.call(MOUNT_PROGRAM, MOUNT_V3, mount3.MOUNTPROC3_MNT, Buffer.from(path))
    const handle = result.fhs_status === mountstat3.MNT3_OK ? result.mountinfo.fhandle : undefined
    return { status: result.fhs_status, handle }
  } finally {
    client.close()
  }
}

/** A logger and what was logged, as objects. */
function recordingLog(): { log: Logger; lines: { level: number; msg: string; suppressed?: number }[] } {
  const lines: { level: number; msg: string }[] = []
  return { log: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }), lines }
}

t.test('host names among the clients', async (t) => {
  const addresses = new Map<string, string[]>([['us.example', ['127.0.0.1']]])
  const { log, lines } = recordingLog()
  const server = createServer({
    ...options(),
    exports: [
      { ...nobody, path: '/ours', clients: ['us.example'] },
      { ...nobody, path: '/theirs', clients: ['them.example'] },
    ],
    log,
    hostLookup: async (name) => {
      const found = addresses.get(name)
      if (found === undefined) throw Object.assign(new Error(name), { code: 'ENOTFOUND' })
      return found
    },
  })
  t.teardown(() => server.close())
  const [at] = (await server.start()).mount
  t.equal((await mount(at!.port, '/ours')).status, mountstat3.MNT3_OK)
  t.equal((await mount(at!.port, '/theirs')).status, mountstat3.MNT3ERR_ACCES, 'no address, no access')
  t.ok(lines.some(({ level, msg }) => level === 40 && /cannot resolve them\.example/.test(msg)))

  addresses.set('them.example', ['127.0.0.1'])
  addresses.set('us.example', ['192.0.2.9'])
  await server.refreshClients()
  t.equal((await mount(at!.port, '/theirs')).status, mountstat3.MNT3_OK)
  t.equal((await mount(at!.port, '/ours')).status, mountstat3.MNT3ERR_ACCES, 'the name has moved on')
})

t.test('a handle of an export that its client may no longer use', async (t) => {
  const server = createServer({ ...options(), exports: [nobody] })
  t.teardown(() => server.close())
  const { nfs, mount: mountAt } = await server.start()
  const { handle } = await mount(mountAt[0]!.port, '/m')
  const client = await NfsClient.connect(nfs[0]!.port, { uid: 1, gid: 1 })
  t.teardown(() => client.close())
  t.equal((await client.getattr(handle!)).status, nfsstat3.NFS3_OK)
  await server.reload([{ ...nobody, clients: ['192.0.2.1'] }])
  t.equal((await client.getattr(handle!)).status, nfsstat3.NFS3ERR_ACCES)
  await server.reload([nobody])
  t.equal((await client.getattr(handle!)).status, nfsstat3.NFS3_OK, 'and back')
  await server.reload([{ ...nobody, path: '/other' }])
  t.equal((await client.getattr(handle!)).status, nfsstat3.NFS3ERR_STALE, 'an export that is gone')
})

t.test('handles outlive the server, with the state directory', async (t) => {
  const shared = options()
  const handles: Uint8Array[] = []
  for (let run = 0; run < 2; run++) {
    const server = createServer({ ...shared, exports: [nobody] })
    const { nfs, mount: mountAt } = await server.start()
    handles.push((await mount(mountAt[0]!.port, '/m')).handle!)
    const client = await NfsClient.connect(nfs[0]!.port, { uid: 1, gid: 1 })
    t.equal((await client.getattr(handles[0]!)).status, nfsstat3.NFS3_OK, `run ${run}`)
    client.close()
    await server.close()
  }
  t.same(handles[0], handles[1])
})

t.test('a start that fails leaves nothing open', async (t) => {
  const taken = createTcpServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  const shared = options()
  const failing = createServer({ ...shared, exports: [nobody], mountPort: port })
  await t.rejects(failing.start(), { name: 'ListenError', service: 'MOUNT', port, code: 'EADDRINUSE' })
  await t.rejects(failing.start(), { message: /started once/ })
  const server = createServer({ ...shared, exports: [nobody] })
  await server.start()
  t.pass('the state directory is free again')
  await server.close()
  await server.close()
})

t.test('a client that keeps being refused does not fill the log', async (t) => {
  const { log, lines } = recordingLog()
  const server = createServer({ ...options(), exports: [nobody, { path: '/secure' }], log })
  t.teardown(() => server.close())
  const [at] = (await server.start()).mount
  for (let i = 0; i < 30; i++) await mount(at!.port, `/none-${i}`)
  t.equal(lines.filter(({ msg }) => /refused: mounting "\/none-\d+": not exported/.test(msg)).length, 1)
  await mount(at!.port, '/secure')
  t.ok(
    lines.some(({ msg }) => /its port is not below 1024.*--insecure/.test(msg)),
    'the reason is given',
  )
})

/** A memory file system whose GETATTR waits until it is let go. */
class SlowVfs extends MemoryVfs {
  readonly asked = Promise.withResolvers<void>()
  readonly go = Promise.withResolvers<void>()
  isSlow = false

  // biome-ignore lint/suspicious/noExplicitAny: the base class answers at once, this one later, as a Vfs may
  override getattr(...args: Parameters<MemoryVfs['getattr']>): any {
    if (!this.isSlow) return super.getattr(...args)
    this.asked.resolve()
    return this.go.promise.then(() => super.getattr(...args))
  }
}

async function slowCall(t: { teardown(close: () => unknown): unknown }) {
  const vfs = new SlowVfs()
  const server = createServer({ ...options(), vfs, exports: [nobody] })
  t.teardown(() => server.close())
  const { nfs, mount: mountAt } = await server.start()
  const { handle } = await mount(mountAt[0]!.port, '/m')
  const client = await NfsClient.connect(nfs[0]!.port, { uid: 1, gid: 1 })
  t.teardown(() => client.close())
  vfs.isSlow = true
  const answer = client.getattr(handle!)
  answer.catch(() => {})
  await vfs.asked.promise
  return { server, vfs, answer, port: nfs[0]!.port }
}

t.test('drain: a call in progress is answered, a new connection is not taken', async (t) => {
  const { server, vfs, answer, port } = await slowCall(t)
  t.equal(server.metrics.transport.callsOutstanding, 1)
  const drained = server.drain(10_000)
  await t.rejects(NfsClient.connect(port, undefined))
  vfs.go.resolve()
  t.equal((await answer).status, nfsstat3.NFS3_OK)
  t.equal(await drained, 0)
})

t.test('drain: what takes too long is cut off, and counted', async (t) => {
  const { server, answer } = await slowCall(t)
  t.equal(await server.drain(50), 1)
  await t.rejects(answer)
})

t.test('limits', async (t) => {
  const limits = { connectionsPerAddressMax: 1 }
  const server = createServer({ ...options(), exports: [nobody], limits })
  t.teardown(() => server.close())
  const { nfs, mount: mountAt } = await server.start()
  const first = await NfsClient.connect(nfs[0]!.port, undefined)
  t.teardown(() => first.close())
  await first.getattr(new Uint8Array(8))
  await t.rejects(mount(mountAt[0]!.port, '/m'), 'the second connection of this address')
  t.match(server.metrics.transport, { connections: 1, connectionsAccepted: 1, connectionsRefused: 1 })
  t.same(server.metrics.summary(), { GETATTR: 1 })
})

t.test('several addresses have one port', async (t) => {
  const server = createServer({ ...options(), exports: [nobody], listen: ['127.0.0.1', '127.0.0.2', '::1'] })
  t.teardown(() => server.close())
  const { nfs, mount: mountAt } = await server.start()
  for (const places of [nfs, mountAt]) {
    t.same(
      places.map(({ address }) => address),
      ['127.0.0.1', '127.0.0.2', '::1'],
    )
    t.equal(new Set(places.map(({ port }) => port)).size, 1)
  }
})

t.test('a directory that is not there', async (t) => {
  const there = join(directory, 'there')
  mkdirSync(there)
  const server = createServer({ ...options(), vfs: undefined, exports: [{ path: there }] })
  t.teardown(() => server.close())
  await server.start()
  await t.rejects(server.reload([{ path: join(directory, 'none') }]), { message: /none/ })
  const wrong = createServer({ ...options(), vfs: undefined, exports: [{ path: join(directory, 'none') }] })
  await t.rejects(wrong.start(), { message: /none/ })
})
