/** Locks when the server or a client restarts, and the status monitor that says so. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import { NLM_PROG, NLM4_VERS, NLM4_VERS_PROCEDURES as v4 } from '../../nfs-server/xdr/generated/nlm.ts'
import { SM_PROG, SM_VERS, SM_VERS_PROCEDURES as sm, sm_res } from '../../nfs-server/xdr/generated/nsm.ts'
import { until } from '../fixtures/lock-host.ts'
import { openLocks } from '../fixtures/lock-scene.ts'

t.setTimeout(120_000)

t.test('a client that restarts', async (t) => {
  const { one, two, file } = await openLocks(t)
  await one.lock(file)
  t.equal(await two.lock(file, { block: true }), 'BLOCKED')
  await one.notifyRestart('one.domain.example')
  await until(() => two.granted.length > 0, 'GRANTED to the one that waits')
  t.equal(await two.lock(file), 'GRANTED')

  await t.test('two names at one address: only the one that restarted', async (t) => {
    const other = { ...two.alock(file), caller_name: Buffer.from('three'), l_offset: 10n }
    await two.unlock(file)
    await two.lock(file, { offset: 0n, length: 1n })
    await two.call(NLM4_VERS, v4.NLMPROC4_LOCK, { ...two.lockArguments(file), alock: other })
    await two.notifyRestart('somebody-else')
    t.equal(await one.lock(file, { offset: 0n, length: 1n }), 'DENIED')
    await two.notifyRestart('two')
    t.equal(await one.lock(file, { offset: 0n, length: 1n }), 'GRANTED')
    t.equal(await one.lock(file, { offset: 10n, length: 1n }), 'DENIED')
  })
})

for (const how of ['killed', 'stopped'] as const) {
  t.test(`the server is ${how} and started again`, async (t) => {
    const { server, one, two, file } = await openLocks(t, { graceSeconds: 3 })
    const [first, second] = [
      { offset: 0n, length: 10n },
      { offset: 10n, length: 10n },
    ]
    await one.lock(file, first)
    await server.restart(how)
    one.reconnect()
    two.reconnect()

    t.equal(await two.lock(file, first), 'DENIED_GRACE_PERIOD')
    t.equal(await two.test(file, first), 'DENIED_GRACE_PERIOD')
    t.equal(await two.lock(file, { ...first, reclaim: true }), 'DENIED_GRACE_PERIOD', 'it never had a lock')
    await until(() => one.notices.length >= 2, 'SM_NOTIFY')
    t.equal(one.notices[0]!.mon_name, '127.0.0.1')
    t.equal(one.notices[0]!.state % 2, 1, 'up')
    t.equal(two.notices.length, 0)
    t.equal(await one.lock(file, { ...first, reclaim: true }), 'GRANTED')
    t.equal(server.figures.reclaimed, 1, 'counted, and the refused one is not')
    t.equal(await one.lock(file, second), 'DENIED_GRACE_PERIOD', 'a new lock has to wait')
    await until(async () => (await two.lock(file, second)) === 'GRANTED', 'the end of the grace period')
    t.equal(await two.lock(file, first), 'DENIED', 'nothing is lost to others')
    t.equal(await one.lock(file, { ...first, reclaim: true }), 'DENIED_GRACE_PERIOD', 'too late')
    const state = one.notices[0]!.state

    await t.test('once more: who has nothing is not told, and the state goes up', async (t) => {
      await one.unlock(file)
      await two.lock(file, first)
      // What is written down at the end of the grace period, too.
      await server.restart('stopped')
      one.reconnect()
      two.reconnect()
      await until(() => two.notices.length >= 2, 'SM_NOTIFY')
      t.ok(two.notices[0]!.state > state)
      t.equal(await one.lock(file, { ...first, reclaim: true }), 'DENIED_GRACE_PERIOD')
      t.equal(await two.lock(file, { ...first, reclaim: true }), 'GRANTED')
    })
  })
}

t.test('a program of the appliance has the lock when the client wants it back', async (t) => {
  const restartWithLockTaken = async (graceSeconds: number) => {
    const { server, one, two, file } = await openLocks(t, { graceSeconds })
    await one.lock(file)
    await server.stop('killed')
    const flock = ['flock', join(server.directory, 'file'), 'sh', '-c', 'echo held; read line'] as const
    const program = spawn('setpriv', ['--pdeathsig', 'KILL', ...flock], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(program.stdout, 'data')
    await server.start()
    one.reconnect()
    two.reconnect()
    return { server, one, two, file, letGo: () => program.stdin.end() }
  }

  await t.test('for a moment: it is waited for', async (t) => {
    const { server, one, file, letGo } = await restartWithLockTaken(3600)
    const reclaimed = one.lock(file, { reclaim: true })
    const first = await Promise.race([reclaimed, one.test(file)])
    t.equal(first, 'DENIED_GRACE_PERIOD', 'it is not refused, and others are answered')
    letGo()
    t.equal(await reclaimed, 'GRANTED')
    t.equal(server.figures.reclaimed, 1)
  })

  await t.test('for longer than half of the grace period: it is lost', async (t) => {
    const { server, one, two, file, letGo } = await restartWithLockTaken(2)
    t.equal(await one.lock(file, { reclaim: true }), 'DENIED')
    t.equal(server.figures.reclaimed, 0)
    letGo()
    await until(async () => (await two.lock(file)) === 'GRANTED', 'the end of the grace period')
  })
})

t.test('no grace period when nobody had a lock', async (t) => {
  const { server, one, two, file } = await openLocks(t, { graceSeconds: 3600 })
  await one.lock(file)
  await one.unlock(file)
  await server.restart('stopped')
  one.reconnect()
  t.equal(await two.lock(file), 'GRANTED')
  t.equal(await one.lock(file, { reclaim: true }), 'DENIED_GRACE_PERIOD')
})

t.test('the status monitor', async (t) => {
  const { one, two, file } = await openLocks(t, { graceSeconds: 2 })
  const call = <A, R>(procedure: Parameters<typeof one.call<A, R>>[1], args: A) =>
    one.call(SM_VERS, procedure, args, 'tcp', SM_PROG)
  const my_id = { my_name: 'one', my_prog: NLM_PROG, my_vers: 4, my_proc: 16 }
  const mon_id = { mon_name: 'two', my_id }
  await call(sm.SM_NULL, undefined)
  const stat = await call(sm.SM_STAT, { mon_name: 'two' })
  t.equal(stat.res_stat, sm_res.STAT_FAIL, 'it monitors for nobody')
  t.equal(stat.state % 2, 1)
  await t.rejects(call(sm.SM_MON, { mon_id, priv: Buffer.alloc(16) }), /TOOWEAK/, 'from an unprivileged port')
  await t.rejects(call(sm.SM_UNMON, mon_id), /TOOWEAK/)
  await t.rejects(call(sm.SM_UNMON_ALL, my_id), /TOOWEAK/)
  await one.lock(file)
  await t.rejects(call(sm.SM_SIMU_CRASH, undefined), /TOOWEAK/)
  t.equal(await two.lock(file), 'DENIED')
})

t.test('SM_SIMU_CRASH', { skip: process.getuid?.() === 0 ? false : 'needs root' }, async (t) => {
  const { server, one, two, file } = await openLocks(t, { graceSeconds: 2 })
  await one.lock(file)
  const target = { host: '127.0.0.1', port: server.port, localAddress: '127.0.0.1' }
  const root = await connectFromReservedPort(target)
  t.teardown(() => root.close())
  const mon_id = { mon_name: 'two', my_id: { my_name: 'us', my_prog: 1, my_vers: 1, my_proc: 1 } }
  const monitored = await root.call(SM_PROG, SM_VERS, sm.SM_MON, { mon_id, priv: Buffer.alloc(16) })
  t.equal(monitored.res_stat, sm_res.STAT_FAIL, 'nobody but our own lock manager')
  const { state } = await root.call(SM_PROG, SM_VERS, sm.SM_UNMON, mon_id)
  await root.call(SM_PROG, SM_VERS, sm.SM_SIMU_CRASH, undefined)
  t.equal(server.figures.locks, 0)
  await until(() => one.notices.length > 0, 'SM_NOTIFY')
  t.ok(one.notices[0]!.state > state)
  t.equal(await two.lock(file), 'DENIED_GRACE_PERIOD')
  t.equal(await one.lock(file, { reclaim: true }), 'GRANTED')
  await until(async () => (await two.lock(file)) === 'DENIED', 'the end of the grace period')
})

/** Only root has a port below 1024. */
async function connectFromReservedPort(
  target: { readonly host: string; readonly port: number; readonly localAddress: string },
  localPort = 1023,
): Promise<TcpRpcClient> {
  try {
    return await TcpRpcClient.connect({ ...target, localPort })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || localPort < 700) throw error
    return await connectFromReservedPort(target, localPort - 1)
  }
}
