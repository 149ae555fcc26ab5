/** The end of a server with several event loops, when one of them dies or what it waits for does not come. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { NFS_V3_PROCEDURES as nfs } from '../../nfs-server/xdr/generated/nfs3.ts'
import { HangingMount, hasEnded, noHangingMount } from '../fixtures/hanging-mount.ts'
import { mkdirCall, repeatable } from '../fixtures/repeatable-call.ts'
import { eventually, WorkersServer } from '../fixtures/workers-server.ts'

t.setTimeout(240_000)

/** A server whose worker dies as it is told. */
async function startMortal(
  t: Test,
  settings: Readonly<Record<string, unknown>> = {},
  served?: string,
): Promise<{ server: WorkersServer; kill: (how: 'throw' | 'reject' | 'exit') => void }> {
  const scratch = mkdtempSync(join(tmpdir(), 'fsva-dying-'))
  t.teardown(() => rmSync(scratch, { recursive: true }))
  const file = join(scratch, 'how')
  const preload = join(import.meta.dirname, '..', 'fixtures', 'dying-worker.ts')
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import ${preload}`
  const env = { NODE_OPTIONS, FSVA_TEST_DYING_WORKER: file }
  const server = await WorkersServer.start(t, settings, env, served)
  return { server, kill: (how) => writeFileSync(file, how) }
}

const deaths = { throw: /a bug of the worker/, reject: /a bug of the worker/, exit: /has ended by itself/ }

for (const how of ['throw', 'reject', 'exit'] as const) {
  t.test(`a worker that dies (${how}) ends the server`, async (t) => {
    const { server, kill } = await startMortal(t)
    const each = await server.each()
    for (const connection of each) await connection.ask(repeatable(nfs.NFSPROC3_NULL, undefined))
    kill(how)
    const { code } = await server.process.ended
    t.equal(code, 1)
    await Promise.all(each.map((connection) => connection.ended))
    t.match(server.log(/a bug/)[0], { level: 60, err: { message: deaths[how] } })
  })
}

t.test('also while an operation of its hangs', { skip: noHangingMount }, async (t) => {
  const mount = await HangingMount.create(t)
  const { server, kill } = await startMortal(t, {}, mount.path)
  const root = await server.root()
  const [, other] = await server.each()
  mount.stop()
  other.send(mkdirCall(root, 'never'))
  await eventually(async () => (await server.metric('fsva_calls_outstanding')) === 1)
  kill('exit')
  await eventually(() => hasEnded(server.process.pid))
  mount.goOn()
  const { code, signal } = await server.process.ended
  t.same([code, signal], [1, null])
  t.match(server.log(/a bug/)[0], { level: 60, err: { message: deaths.exit } }, 'and says why')
})

for (const repeated of [false, true]) {
  const name = repeated
    ? 'nor does a repetition that waits for it in another loop'
    : 'what hangs in a file system does not keep it from ending'
  t.test(name, { skip: noHangingMount }, async (t) => {
    const mount = await HangingMount.create(t)
    const server = await WorkersServer.start(t, { drain_seconds_max: 0 }, {}, mount.path)
    const root = await server.root()
    const [own, other] = await server.each()
    const call = mkdirCall(root, 'never')
    mount.stop()
    const first = repeated ? own : other
    first.send(call)
    await eventually(async () => (await server.metric('fsva_calls_outstanding')) === 1)
    if (repeated) {
      other.send(call)
      await eventually(async () => (await server.metric('fsva_calls_outstanding')) === 2)
    }
    server.process.kill('SIGTERM')
    await eventually(() => hasEnded(server.process.pid))
    mount.goOn()
    const { code, signal } = await server.process.ended
    t.same([code, signal], [0, null])
    t.same(server.log(/a call failed/), [])
  })
}
