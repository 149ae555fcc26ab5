/**
 * Much data of many sizes over several connections at once: buffers are used again and again on the way, and none may
 * show up in somebody else's file or reply.
 */
import t, { type Test } from 'tap'
import type { Handle } from '../fixtures/nfs-client.ts'
import { made, NfsClient, ok } from '../fixtures/nfs-client.ts'
import { startWitnessed } from '../fixtures/witnessed-server.ts'

t.setTimeout(120_000)

const fileBytes = 4 << 20
const sizes = [1, 700, 1024, 4096, 16_000, 16_384, 33_000, 65_536, 100_000, 262_144, 1 << 20]
const connections = 6
const rounds = 30
const inFlight = 4

/** A sequence that is the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed + 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

/** Writes pieces that do not overlap, several at once, and reads them back in the same way. */
async function work(t: Test, client: NfsClient, file: Handle, seed: number): Promise<void> {
  const next = numbers(seed)
  const expected = Buffer.alloc(fileBytes)
  ok(await client.write(file, BigInt(fileBytes - 1), Buffer.of(0)))
  const areaBytes = fileBytes / inFlight
  const pieces = () =>
    Array.from({ length: inFlight }, (_, area) => {
      const length = Math.min(sizes[next(sizes.length)]!, areaBytes)
      return { offset: area * areaBytes + next(areaBytes - length + 1), length }
    })
  for (let round = 0; round < rounds; round++) {
    const written = pieces().map(async ({ offset, length }) => {
      const data = Buffer.alloc(length, Buffer.from(`${seed}/${round}/${offset};`))
      expected.set(data, offset)
      const { count } = ok(await client.write(file, BigInt(offset), data, 0))
      if (count !== length) t.fail(`${count} of ${length} bytes written`)
    })
    await Promise.all(written)
    const read = pieces().map(async ({ offset, length }) => {
      const { data } = ok(await client.read(file, BigInt(offset), length))
      if (!expected.subarray(offset, offset + length).equals(data)) {
        t.fail(`connection ${seed}, round ${round}: ${length} bytes at ${offset} are not what was written`)
      }
    })
    await Promise.all(read)
  }
}

for (const isNative of [false, true]) {
  t.test(isNative ? 'on the real file system' : 'in memory', async (t) => {
    const { nfsPort, root } = await startWitnessed(t, {}, isNative)
    const working = Array.from({ length: connections }, async (_, seed) => {
      const client = await NfsClient.connect(nfsPort, { uid: 0, gid: 0 })
      t.teardown(() => client.close())
      await work(t, client, made(await client.create(root, `file-${seed}`)), seed)
    })
    await Promise.all(working)
    t.pass('every byte was where it belongs')
  })
}
