/** The TypeScript API of the side channel against a real fsva-nfsd, and what it does to files as NFS sees them. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SideChannel, type SideChannelOptions } from '../../fsva-client/side-channel/side-channel.ts'
import { SideChannelError } from '../../fsva-client/side-channel/side-channel-error.ts'
import { ok } from '../fixtures/nfs-client.ts'
import { SideChannelServer } from '../fixtures/side-channel-server.ts'

t.setTimeout(240_000)

const bySocket = 'side_channel: { socket: DIR/run/nfsd.sock, memory_bytes_max: 33554432 }'
const root = { uid: 0, gid: 0 }

async function started(t: Test): Promise<SideChannelServer> {
  const server = new SideChannelServer({ sideChannel: bySocket })
  t.teardown(() => server.close())
  await server.start()
  return server
}

async function connected(
  t: Test,
  server: SideChannelServer,
  options: Partial<SideChannelOptions> = {},
): Promise<SideChannel> {
  const channel = await SideChannel.connect({
    socket: server.socket,
    clientAddress: '127.0.0.1',
    deadlineMs: 120_000,
    ...options,
  })
  t.teardown(() => channel.close())
  return channel
}

/** A file in the export, and the handle that LOOKUP gives. */
async function handleOf(server: SideChannelServer, name: string, bytes: Uint8Array): Promise<Uint8Array> {
  writeFileSync(join(server.exported, name), bytes)
  const found = ok(await server.client.lookup(await server.root(), name))
  return found.object.data
}

function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + seed) & 255
  return bytes
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof SideChannelError)) throw new Error(`no SideChannelError: ${error}`)
  return error.code
}

for (const inlineMicroseconds of [0, 1000]) {
  t.test(`files, looking for answers for ${inlineMicroseconds} us`, async (t) => {
    const server = await started(t)
    const bytes = pattern(300_000, 1)
    const handle = await handleOf(server, 'file', bytes)
    const channel = await connected(t, server, { inlineMicroseconds })
    t.ok((await channel.ping()) > 0)
    t.equal(channel.up, true)
    t.match(channel.exports(), [{ path: server.exported, coherence: /complete|partial|none/ }])

    const file = await channel.openHandle(handle, 'both', root)
    t.match(await file.getattr(), { size: 300_000, type: 1, uid: 0 })
    const buffer = channel.lend(1 << 20)
    t.equal(buffer.data.byteLength, 1 << 20)
    t.same(await file.read(buffer, { offset: 1000, length: 400_000, at: 4096 }), {
      bytes: 299_000,
      endOfFile: true,
    })
    t.ok(Buffer.from(buffer.data, 4096, 299_000).equals(bytes.subarray(1000)))

    Buffer.from(buffer.data).set(pattern(5000, 2))
    t.match(await file.write(buffer, { offset: 300_000, length: 5000 }), { bytes: 5000 })
    t.same(await file.write(buffer, { offset: 0, length: 10, stable: 'fileSync' }), {
      bytes: 10,
      committed: true,
    })
    await file.fsync()
    const there = readFileSync(join(server.exported, 'file'))
    t.ok(there.subarray(300_000).equals(pattern(5000, 2)))
    const seen = ok(await server.client.read(handle, 300_000n, 5000))
    t.ok(Buffer.from(seen.data).equals(pattern(5000, 2)), 'NFS sees it, too')

    // More at once than may be unanswered.
    const reads = await Promise.all(
      Array.from({ length: 700 }, (_, at) => file.read(buffer, { offset: at, length: 10 })),
    )
    t.ok(reads.every((read) => read.bytes === 10))
    await file.evict(0, 0)
    await file.close()
    t.equal(await codeOf(file.getattr()), 'EBADF')
    const before = channel.stats().freeSmallPages + channel.stats().freeLargePages * 512
    buffer.end()
    t.equal(buffer.data.byteLength, 0)
    while (channel.stats().freeSmallPages + channel.stats().freeLargePages * 512 <= before) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    t.equal(await codeOf(channel.openHandle(handle.subarray(1), 'read', root)), 'ESTALE')
  })
}

t.test('pages of the server, as they are', async (t) => {
  const server = await started(t)
  const bytes = pattern(3_000_000, 3)
  const handle = await handleOf(server, 'file', bytes)
  const channel = await connected(t, server)
  const file = await channel.openHandle(handle, 'read', root)
  const mapping = await file.map(4096, 10_000_000)
  t.equal(mapping.length, 3_000_000 - 4096)
  t.ok(Buffer.concat(mapping.buffers.map((buffer) => new Uint8Array(buffer))).equals(bytes.subarray(4096)))
  t.equal(mapping.valid, true)
  let told = 0
  mapping.onInvalid(() => told++)
  // By NFS, so that the server knows at once.
  ok(await server.client.write(handle, 5000n, pattern(100, 4)))
  while (told === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(mapping.valid, false)
  mapping.unmap()
  t.same(
    mapping.buffers.map((buffer) => buffer.byteLength),
    mapping.buffers.map(() => 0),
  )
  const again = await file.map(4096, 4096)
  t.ok(Buffer.from(again.buffers[0]!).subarray(904, 1004).equals(pattern(100, 4)))
  again.unmap()
  t.equal(await codeOf(file.map(1, 4096)), 'EINVAL')
  while (channel.stats().mappedGrants > 0) await new Promise((resolve) => setTimeout(resolve, 10))
})

t.test('a killed server', async (t) => {
  const server = await started(t)
  const handle = await handleOf(server, 'file', pattern(8192, 5))
  const channel = await connected(t, server)
  const file = await channel.openHandle(handle, 'both', root)
  const buffer = channel.lend(8192)
  await file.read(buffer, { offset: 0, length: 8192 })
  await server.kill()
  const asked = [file.read(buffer, { offset: 0, length: 100 }), file.getattr(), channel.ping()]
  appendFileSync(join(server.exported, 'file'), 'more')
  await server.start()
  const [read, attributes] = await Promise.all(asked)
  t.match(read, { bytes: 100 })
  t.match(attributes, { size: 8196 })
  t.equal(channel.stats().connections, 2)
  await server.kill()
})

t.test('no server', async (t) => {
  const directory = t.testdir()
  t.equal(await codeOf(SideChannel.connect({ socket: join(directory, 'none') })), 'EPROTO')
  const server = await started(t)
  const handle = await handleOf(server, 'file', pattern(100, 6))
  const channel = await connected(t, server, { deadlineMs: 60_000 })
  const file = await channel.openHandle(handle, 'read', root)
  const asked = Promise.allSettled([file.getattr()])
  await channel.close()
  t.match(await asked, [{ status: /fulfilled|rejected/ }])
  t.equal(await codeOf(file.getattr()), 'ESHUTDOWN')
  t.equal(await codeOf(channel.ping()), 'ESHUTDOWN')
  t.throws(() => channel.lend(1), { code: 'ESHUTDOWN' })
})

t.test('a descriptor that is not on NFS', async (t) => {
  const server = await started(t)
  const channel = await connected(t, server)
  t.equal(await codeOf(channel.open(0)), 'EINVAL')
  t.equal(await codeOf(channel.open(-1)), 'EBADF')
})
