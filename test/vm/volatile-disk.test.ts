import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ByteQueue } from './byte-queue.ts'
import { NbdServer } from './nbd-server.ts'
import { sectorBytes, seededRandom, VolatileDisk } from './volatile-disk.ts'

t.setTimeout(120_000)
const diskBytes = 2 ** 20
const sector = (letter: string) => Buffer.alloc(sectorBytes, letter)
const none = () => 0

function diskFor(t: Test, options = {}): { disk: VolatileDisk; path: string; again: () => VolatileDisk } {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-disk-'))
  const path = join(directory, 'image')
  writeFileSync(path, Buffer.alloc(diskBytes))
  const open = () => {
    const disk = new VolatileDisk(path, options)
    t.teardown(() => disk.close())
    return disk
  }
  t.teardown(() => rmSync(directory, { recursive: true }))
  return { disk: open(), path, again: open }
}

t.test('what was flushed stays, what was not is read until the cut', async (t) => {
  const { disk, again } = diskFor(t)
  disk.write(0, Buffer.concat([sector('a'), sector('b')]))
  disk.flush()
  disk.write(sectorBytes, sector('c'))
  t.same(disk.read(0, 2 * sectorBytes), Buffer.concat([sector('a'), sector('c')]))
  t.same(again().read(0, 2 * sectorBytes), Buffer.concat([sector('a'), sector('b')]))
  t.same(disk.cut('none', none), { unflushedSectors: 1, lostSectors: 1 })
  t.same(disk.read(0, 2 * sectorBytes), Buffer.concat([sector('a'), sector('b')]))
  t.same(again().read(0, 2 * sectorBytes), Buffer.concat([sector('a'), sector('b')]))
})

t.test(
  'a cut that leaves some: each sector is one of its versions, the same for the same seed',
  async (t) => {
    const outcome = (seed: number) => {
      const { disk } = diskFor(t)
      disk.write(0, Buffer.alloc(100 * sectorBytes, '0'))
      disk.flush()
      for (const letter of '12') disk.write(0, Buffer.alloc(100 * sectorBytes, letter))
      const report = disk.cut('some', seededRandom(seed))
      const data = disk.read(0, 100 * sectorBytes)
      const letters = Array.from({ length: 100 }, (_, index) => {
        const found = data.subarray(index * sectorBytes, (index + 1) * sectorBytes)
        t.same(found, sector(String.fromCharCode(found[0]!)), 'no sector is torn')
        return String.fromCharCode(found[0]!)
      })
      t.equal(report.unflushedSectors, 100)
      t.equal(report.lostSectors, letters.filter((letter) => letter !== '2').length)
      return letters.join('')
    }
    const first = outcome(1)
    t.same([...new Set(first)].sort(), ['0', '1', '2'])
    t.equal(outcome(1), first)
    t.not(outcome(2), first)
  },
)

t.test('a disk that ignores flushes loses everything', async (t) => {
  const { disk, again } = diskFor(t, { ignoresFlushes: true })
  disk.write(0, sector('a'))
  disk.flush()
  t.same(disk.read(0, sectorBytes), sector('a'))
  disk.cut('none', none)
  t.same(again().read(0, sectorBytes), Buffer.alloc(sectorBytes))
})

t.test('what is outside or not whole sectors is refused', async (t) => {
  const { disk } = diskFor(t)
  for (const [offset, length] of [
    [diskBytes, sectorBytes],
    [0, 100],
    [100, sectorBytes],
  ] as const)
    t.throws(() => disk.write(offset, Buffer.alloc(length)), RangeError)
})

t.test('the NBD server', async (t) => {
  const { disk, path, again } = diskFor(t)
  const socketPath = `${path}.sock`
  const server = await NbdServer.listen(socketPath, disk)
  t.teardown(() => server.close())
  const client = await NbdClient.connect(socketPath)
  t.teardown(() => client.close())
  const { write, read, flush, writeZeroes, trim } = commands

  t.same(await client.option(8), { type: 0x80000001, payload: Buffer.alloc(0) }, 'no structured replies')
  t.equal(client.bytes, 0)
  await client.go()
  t.equal(client.bytes, diskBytes)
  t.ok(client.flags & 4, 'flushes')
  t.ok(client.flags & 8, 'FUA')

  t.equal((await client.request(write, 512, 1024, Buffer.alloc(1024, 'x'))).error, 0)
  t.same((await client.request(read, 512, 1024)).data, Buffer.alloc(1024, 'x'))
  t.same(again().read(512, 1024), Buffer.alloc(1024), 'not flushed')
  t.equal((await client.request(flush, 0, 0)).error, 0)
  t.same(again().read(512, 1024), Buffer.alloc(1024, 'x'), 'flushed')
  t.equal((await client.request(write, 4096, 512, sector('f'), 1)).error, 0)
  t.same(again().read(4096, 512), sector('f'), 'FUA')
  t.equal((await client.request(writeZeroes, 512, 512)).error, 0)
  t.same((await client.request(read, 512, 512)).data, Buffer.alloc(512))
  t.equal((await client.request(trim, 1024, 512)).error, 0)
  t.equal((await client.request(read, diskBytes, 512)).error, 22, 'EINVAL')
  t.equal((await client.request(99, 0, 0)).error, 22)

  disk.faults = { write: (_, data) => data.includes('poison'), flush: () => true }
  t.equal((await client.request(write, 0, 512, Buffer.alloc(512, 'poison'))).error, 5, 'EIO')
  t.equal((await client.request(write, 0, 512, sector('g'))).error, 0)
  t.equal((await client.request(flush, 0, 0)).error, 5)
  t.same(again().read(0, 512), Buffer.alloc(512))
  t.same(disk.figures.faults, 2)

  server.disconnect()
  await client.ended
  disk.cut('none', none)
  t.same(disk.read(0, 512), Buffer.alloc(512))
})

t.test('a peer that speaks something else loses its connection, and nobody else', async (t) => {
  const { disk, path } = diskFor(t)
  const server = await NbdServer.listen(`${path}.sock`, disk)
  t.teardown(() => server.close())
  const good = await NbdClient.connect(`${path}.sock`)
  await good.go()
  const bad = connect(`${path}.sock`)
  bad.on('error', () => {})
  bad.resume()
  bad.write(Buffer.alloc(64, 'GET / HTTP/1.0'))
  await once(bad, 'close')
  t.equal((await good.request(commands.flush, 0, 0)).error, 0)
  good.close()
})

const commands = { read: 0, write: 1, flush: 3, trim: 4, writeZeroes: 6 } as const

class NbdClient {
  bytes = 0
  flags = 0
  readonly ended: Promise<unknown>
  readonly #socket: Socket
  readonly #input: ByteQueue

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#input = new ByteQueue(socket)
    this.ended = once(socket, 'close')
  }

  static async connect(path: string): Promise<NbdClient> {
    const socket = connect(path)
    await once(socket, 'connect')
    const client = new NbdClient(socket)
    const greeting = await client.#input.take(18)
    if (greeting.toString('latin1', 0, 16) !== 'NBDMAGICIHAVEOPT') throw new Error('no NBD server')
    socket.write(Buffer.from([0, 0, 0, 3]))
    return client
  }

  close(): void {
    this.#socket.destroy()
  }

  async option(code: number, payload = Buffer.alloc(0)) {
    const header = Buffer.alloc(16)
    header.write('IHAVEOPT', 'latin1')
    header.writeUInt32BE(code, 8)
    header.writeUInt32BE(payload.length, 12)
    this.#socket.write(Buffer.concat([header, payload]))
    return this.#reply()
  }

  async go(): Promise<void> {
    // An empty name, no wishes for information.
    let reply = await this.option(7, Buffer.alloc(6))
    for (; reply.type === 3; reply = await this.#reply()) {
      if (reply.payload.readUInt16BE(0) !== 0) continue
      this.bytes = Number(reply.payload.readBigUInt64BE(2))
      this.flags = reply.payload.readUInt16BE(10)
    }
    if (reply.type !== 1) throw new Error(`option reply ${reply.type}`)
  }

  async request(type: number, offset: number, length: number, data = Buffer.alloc(0), flags = 0) {
    const header = Buffer.alloc(28)
    header.writeUInt32BE(0x25609513, 0)
    header.writeUInt16BE(flags, 4)
    header.writeUInt16BE(type, 6)
    header.writeBigUInt64BE(77n, 8)
    header.writeBigUInt64BE(BigInt(offset), 16)
    header.writeUInt32BE(length, 24)
    this.#socket.write(Buffer.concat([header, data]))
    const reply = await this.#input.take(16)
    if (reply.readUInt32BE(0) !== 0x67446698 || reply.readBigUInt64BE(8) !== 77n) throw new Error('reply')
    const error = reply.readUInt32BE(4)
    return { error, data: type === commands.read && error === 0 ? await this.#input.take(length) : undefined }
  }

  async #reply() {
    const header = await this.#input.take(20)
    return { type: header.readUInt32BE(12), payload: await this.#input.take(header.readUInt32BE(16)) }
  }
}
