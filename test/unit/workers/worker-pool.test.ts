import { mkdtempSync, openSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createSilentLog } from '../../../nfs-server/log.ts'
import { RefusalLog } from '../../../nfs-server/refusal-log.ts'
import type { Descriptor } from '../../../nfs-server/rpc/acceptor.ts'
import { defaultRpcLimits, type RpcLimits } from '../../../nfs-server/rpc/limits.ts'
import { LoopsAwake } from '../../../nfs-server/rpc/loops-awake.ts'
import { WorkerPool } from '../../../nfs-server/workers/worker-pool.ts'
import { openCore, openExport } from '../../fixtures/native-core.ts'
import { eventually } from '../../fixtures/workers-server.ts'

const address = '192.0.2.1'
/** Connections of the thread that asks, more than any worker has. */
const here = 100

/** The pool is to be drained by the test. */
async function startPool(t: Test, limits: Partial<RpcLimits> = {}) {
  const { core, close } = openCore([openExport('/export')], 'trees of another Vfs')
  const died = Promise.withResolvers<unknown>()
  const refusals = new RefusalLog(createSilentLog())
  const pool = await WorkerPool.start({
    ...{ count: 1, core, exports: [], hasReplyCache: false, groups: undefined, refusals },
    limits: { ...defaultRpcLimits, ...limits },
    loops: new LoopsAwake(),
    onHandlerError: () => {},
    onDeath: died.resolve,
  })
  t.teardown(() => {
    refusals.close()
    close()
  })
  return { pool, died: died.promise }
}

/** Nothing that a worker could serve: it dies of it, as of a bug. */
const fatal = null as unknown as Descriptor

function take(pool: WorkerPool, connection: Descriptor | number, gone: () => void = () => {}): boolean {
  const descriptor = typeof connection === 'number' ? { fd: connection, address, port: 700 } : connection
  const open = () => {
    throw new Error('nobody opens it here')
  }
  return pool.take({ descriptor, address, port: 700, open, refuse: () => {} }, here, gone)
}

t.test('a worker that has died is given nothing, and what it has not taken is closed', async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'fsva-worker-pool-'))
  t.teardown(() => rmSync(scratch, { recursive: true }))
  const path = join(scratch, 'in-flight')
  const { pool, died } = await startPool(t)
  const fd = openSync(path, 'w')
  t.ok(take(pool, fatal))
  t.ok(take(pool, fd), 'nobody knows yet')
  t.match(await died, Error)
  t.notOk(take(pool, fatal))
  const isOpen = () => linkOf(fd) === path
  await eventually(() => !isOpen())
  t.equal(await pool.drain(0), 0)
})

function linkOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

t.test('nor is one that has just refused a connection for want of memory', async (t) => {
  const { pool } = await startPool(t, { memoryBytesMax: 96 << 10 })
  const next = new Promise<boolean>((resolve) => {
    t.ok(take(pool, openSync('/dev/null', 'r'), () => resolve(take(pool, fatal))))
  })
  t.equal(await next, false)
  await pool.drain(0)
})

t.test('nor one that drains', async (t) => {
  const { pool } = await startPool(t)
  const drained = pool.drain(0)
  t.notOk(take(pool, fatal))
  t.equal(await drained, 0)
})
