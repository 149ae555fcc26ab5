/** The memory and the native file system get the same random calls and have to give the same answers. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { alice, bob, rootHandle, serve } from '../fixtures/back-ends.ts'
import { memoryBackEnd } from '../fixtures/memory-back-end.ts'
import { nativeBackEnds } from '../fixtures/native-back-end.ts'
import { made } from '../fixtures/nfs-client.ts'
import { anyOperation, type Operation, type Side } from '../fixtures/twin-operations.ts'

const native = nativeBackEnds.find(({ name }) => name === 'native')!
const runs = Number(process.env.TWIN_RUNS ?? 25)

t.test('memory and native agree', { skip: native.unavailable ?? false }, async (t) => {
  const sides = await Promise.all(
    [memoryBackEnd, native].map(async (backEnd) => {
      const prepared = await backEnd.prepare()
      const served = await serve(prepared.vfs)
      t.teardown(async () => {
        await served.close()
        await prepared.close()
      })
      const clients = {
        root: await served.connect({ uid: 0, gid: 0 }),
        alice: await served.connect(alice),
        bob: await served.connect(bob),
      }
      return { clients, exportRoot: await rootHandle(prepared) }
    }),
  )
  t.setTimeout(Math.max(120_000, runs * 2_000))
  let round = 0

  async function play(operations: readonly Operation[]): Promise<void> {
    const directory = `round-${++round}`
    const playing = await Promise.all(
      sides.map(async ({ clients, exportRoot }): Promise<Side> => {
        const dir = made(await clients.root.mkdir(exportRoot, directory, { mode: 0o777 }))
        const sub = made(await clients.alice.mkdir(dir, 'a', { mode: 0o777 }))
        return { clients, objects: [dir, sub] }
      }),
    )
    for (const operation of operations) {
      const [memory, real] = await Promise.all(playing.map((side) => operation.run(side)))
      if (!isDeepStrictEqual(memory, real)) fail(operation, memory, real)
    }
  }

  function fail(operation: Operation, memory: unknown, real: unknown): never {
    const show = (value: unknown) =>
      JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner))
    throw new Error(`${operation.text}: memory ${show(memory)}, native ${show(real)}`)
  }

  await fc.assert(
    fc.asyncProperty(fc.array(anyOperation, { minLength: 1, maxLength: 60, size: 'max' }), play),
    {
      numRuns: runs,
    },
  )
  t.pass(`in ${round} sequences of calls`)
})
