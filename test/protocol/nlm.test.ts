/** The lock manager over TCP and UDP, with clients that have lock managers of their own. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  fsh_access,
  fsh_mode,
  NLM_VERS,
  NLM_VERSX,
  NLM4_VERS,
  nlm_stats,
  nlm4_stats,
  NLM_VERS_PROCEDURES as v1,
  NLM_VERSX_PROCEDURES as v3,
  NLM4_VERS_PROCEDURES as v4,
} from '../../nfs-server/xdr/generated/nlm.ts'
import { LockHost, until } from '../fixtures/lock-host.ts'
import { openLocks } from '../fixtures/lock-scene.ts'
import { hasIPv6 } from '../fixtures/lock-server.ts'

t.setTimeout(120_000)

function compileLockRange(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-lock-range-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const program = join(directory, 'lock-range')
  const source = join(import.meta.dirname, '..', 'vm', 'programs', 'lock-range.c')
  execFileSync('gcc', ['-o', program, source])
  return program
}

t.test('two clients', async (t) => {
  const { one, two, file } = await openLocks(t)

  await t.test('ranges', async (t) => {
    t.equal(await one.lock(file, { offset: 10n, length: 10n }), 'GRANTED')
    t.equal(await one.lock(file, { offset: 10n, length: 10n }), 'GRANTED', 'once more: as a repeated call')
    t.equal(await two.lock(file, { offset: 19n, length: 1n }), 'DENIED')
    t.equal(await two.lock(file, { offset: 20n, length: 0n }), 'GRANTED')
    t.equal(await one.lock(file, { offset: 10n, length: 1n, svid: 2 }), 'DENIED', 'another process')
    t.match(await two.test(file, { offset: 0n, length: 0n }), {
      exclusive: true,
      svid: 1,
      oh: Buffer.from('1@one'),
      l_offset: 10n,
      l_len: 10n,
    })
    t.equal(await two.test(file, { offset: 0n, length: 10n }), 'GRANTED')
    t.equal(await one.unlock(file), 'GRANTED')
    t.equal(await one.unlock(file), 'GRANTED', 'nothing there: as a repeated call')
    t.equal(await two.lock(file), 'GRANTED')
    t.equal(await two.unlock(file), 'GRANTED')
  })

  await t.test('shared locks', async (t) => {
    const shared = { exclusive: false }
    t.equal(await one.lock(file, shared), 'GRANTED')
    t.equal(await two.lock(file, shared), 'GRANTED')
    t.equal(await one.lock(file), 'DENIED', 'cannot become exclusive')
    t.match(await one.test(file), { exclusive: false, oh: Buffer.from('1@two.example.org') })
    t.equal(await two.unlock(file), 'GRANTED')
    t.equal(await one.lock(file), 'GRANTED')
    t.equal(await two.lock(file, shared), 'DENIED')
    await one.unlock(file)
  })

  await t.test('a name does not give one client the locks of another', async (t) => {
    t.equal(await one.lock(file), 'GRANTED')
    const alock = one.alock(file)
    const cookie = Buffer.from('c')
    await two.call(NLM4_VERS, v4.NLMPROC4_UNLOCK, { cookie, alock })
    await two.call(NLM4_VERS, v4.NLMPROC4_FREE_ALL, { name: Buffer.from('one'), state: 3 })
    await two.notifyRestart('one')
    t.equal(await two.lock(file), 'DENIED')
    await one.unlock(file)
  })

  await t.test('the cookie comes back', async (t) => {
    const args = one.lockArguments(file)
    const result = await one.call(NLM4_VERS, v4.NLMPROC4_LOCK, { ...args, cookie: Buffer.alloc(1024, 7) })
    t.same(Buffer.from(result.cookie), Buffer.alloc(1024, 7))
    await one.unlock(file)
  })

  await t.test('UDP', async (t) => {
    t.equal(await one.lock(file, {}, 'udp'), 'GRANTED')
    t.equal(await two.lock(file, {}, 'udp'), 'DENIED')
    await one.unlock(file)
  })

  await t.test('FREE_ALL', async (t) => {
    t.equal(await one.lock(file), 'GRANTED')
    await one.call(NLM4_VERS, v4.NLMPROC4_FREE_ALL, { name: Buffer.from('one'), state: 3 })
    t.equal(await two.lock(file), 'GRANTED')
    await two.unlock(file)
  })

  await t.test('NM_LOCK', async (t) => {
    const args = one.lockArguments(file)
    const result = await one.call(NLM4_VERS, v4.NLMPROC4_NM_LOCK, args)
    t.equal(result.stat.stat, nlm4_stats.NLM4_GRANTED)
    t.equal(await two.lock(file), 'DENIED')
    await one.unlock(file)
  })
})

t.test('what cannot be locked', async (t) => {
  const { server, one, file } = await openLocks(t)
  t.equal(await one.lock(file, { offset: 2n ** 63n, length: 1n }), 'FBIG')
  t.equal(await one.lock(file, { offset: 2n ** 63n - 1n, length: 5n }), 'GRANTED', 'cut where files end')
  t.equal(await one.lock(Buffer.alloc(40, 1)), 'STALE_FH', 'forged')
  t.equal(await one.lock(Buffer.alloc(100, 1)), 'STALE_FH', 'too long')
  rmSync(join(server.directory, 'file'))
  t.equal(await one.lock(file, { offset: 0n, length: 1n }), 'STALE_FH')
  t.equal(await one.unlock(file), 'GRANTED', 'what is gone can be let go of')
})

t.test('a read-only export', async (t) => {
  const { one, two, file } = await openLocks(t, { exportOptions: { readOnly: true } })
  t.equal(await one.lock(file), 'ROFS')
  t.equal(await one.lock(file, { exclusive: false }), 'GRANTED')
  t.equal(await two.lock(file, { exclusive: false }), 'GRANTED')
})

t.test('bounds', async (t) => {
  const { one, two, file } = await openLocks(t, {
    limits: { locksPerAddressMax: 3, waitersPerAddressMax: 1 },
  })
  for (const offset of [0n, 10n, 20n]) t.equal(await one.lock(file, { offset, length: 1n }), 'GRANTED')
  t.equal(await one.lock(file, { offset: 30n, length: 1n }), 'DENIED_NOLOCKS')
  t.equal(await two.lock(file, { offset: 30n, length: 1n }), 'GRANTED', 'somebody else has room')
  t.equal(await two.lock(file, { offset: 0n, length: 1n, block: true }), 'BLOCKED')
  t.equal(await two.lock(file, { offset: 10n, length: 1n, block: true }), 'DENIED_NOLOCKS')
  await one.unlock(file, { offset: 20n, length: 1n })
  t.equal(await one.lock(file, { offset: 40n, length: 1n }), 'GRANTED')
})

t.test('blocked requests', async (t) => {
  const { one, two, file } = await openLocks(t)
  const block = { block: true }
  two.granted.length = 0

  await t.test('GRANTED names the lock as the client did', async (t) => {
    await one.lock(file)
    t.equal(await two.lock(file, { ...block, offset: 5n, length: 5n, svid: 77 }), 'BLOCKED')
    t.equal(await two.lock(file, { ...block, offset: 5n, length: 5n, svid: 77 }), 'BLOCKED', 'asked again')
    t.equal(two.granted.length, 0)
    await one.unlock(file)
    await until(() => two.granted.length > 0, 'GRANTED')
    const [granted] = two.granted
    t.equal(granted!.exclusive, true)
    t.equal(granted!.alock.svid, 77)
    t.same(Buffer.from(granted!.alock.fh), Buffer.from(file))
    t.same([granted!.alock.l_offset, granted!.alock.l_len], [5n, 5n])
    t.equal(await one.lock(file, { offset: 9n, length: 1n }), 'DENIED')
    await two.unlock(file, { svid: 77 })
    t.equal(two.granted.length, 1, 'one request, one GRANTED')
  })

  await t.test('first come, first served', async (t) => {
    two.granted.length = 0
    await one.lock(file)
    for (const svid of [1, 2, 3]) t.equal(await two.lock(file, { ...block, svid }), 'BLOCKED')
    await one.unlock(file)
    for (const svid of [1, 2, 3]) {
      await until(() => two.granted.length === svid, `GRANTED to process ${svid}`)
      t.equal(two.granted.at(-1)!.alock.svid, svid)
      await two.unlock(file, { svid })
    }
  })

  await t.test('CANCEL', async (t) => {
    two.granted.length = 0
    await one.lock(file)
    t.equal(await two.cancel(file), 'DENIED', 'nothing to cancel')
    await two.lock(file, block)
    t.equal(await two.cancel(file, { offset: 1n }), 'DENIED', 'another range')
    t.equal(await two.cancel(file), 'GRANTED')
    t.equal(await two.cancel(file), 'DENIED')
    await one.unlock(file)
    t.equal(await one.lock(file, { svid: 9 }), 'GRANTED')
    await one.unlock(file, { svid: 9 })
    t.equal(two.granted.length, 0)
  })

  await t.test('CANCEL while GRANTED is on its way', async (t) => {
    two.granted.length = 0
    two.grantedAnswer = undefined
    await one.lock(file)
    await two.lock(file, block)
    await one.unlock(file)
    await until(() => two.granted.length > 0, 'GRANTED')
    t.equal(await one.lock(file), 'DENIED', 'it is locked already')
    t.equal(await two.cancel(file), 'GRANTED')
    t.equal(await one.lock(file), 'GRANTED')
    await one.unlock(file)
    two.grantedAnswer = nlm4_stats.NLM4_GRANTED
  })

  await t.test('asked again while GRANTED is on its way', async (t) => {
    two.granted.length = 0
    two.grantedAnswer = undefined
    await one.lock(file)
    await two.lock(file, block)
    await one.unlock(file)
    await until(() => two.granted.length > 0, 'GRANTED')
    t.equal(await two.lock(file, block), 'GRANTED')
    t.equal(await two.cancel(file), 'DENIED', 'it waits no more')
    t.equal(await one.lock(file), 'DENIED')
    await two.unlock(file)
    two.grantedAnswer = nlm4_stats.NLM4_GRANTED
  })

  await t.test('a client that does not want it any more', async (t) => {
    two.granted.length = 0
    two.grantedAnswer = nlm4_stats.NLM4_DENIED
    await one.lock(file)
    await two.lock(file, block)
    await one.unlock(file)
    await until(() => two.granted.length > 0, 'GRANTED')
    await until(async () => (await one.lock(file)) === 'GRANTED', 'taken back')
    t.equal(two.granted.length, 1, 'and not offered again')
    await one.unlock(file)
    two.grantedAnswer = nlm4_stats.NLM4_GRANTED
  })

  await t.test('GRANTED is repeated until it is answered', async (t) => {
    two.granted.length = 0
    two.grantedAnswer = nlm4_stats.NLM4_DENIED_GRACE_PERIOD
    await one.lock(file)
    await two.lock(file, block)
    await one.unlock(file)
    await until(() => two.granted.length > 0, 'GRANTED')
    two.grantedAnswer = nlm4_stats.NLM4_GRANTED
    await until(() => two.granted.length > 1, 'GRANTED again')
    t.equal(await one.lock(file), 'DENIED')
    await two.unlock(file)
  })

  await t.test('deadlock', async (t) => {
    const [first, second] = [
      { offset: 0n, length: 1n },
      { offset: 1n, length: 1n },
    ]
    await one.lock(file, first)
    await two.lock(file, second)
    t.equal(await one.lock(file, { ...second, ...block }), 'BLOCKED')
    t.equal(await two.lock(file, { ...first, ...block, svid: 2 }), 'BLOCKED', 'another process may wait')
    t.equal(await two.lock(file, { ...first, ...block }), 'DEADLCK')
    await two.unlock(file)
    await until(() => one.granted.length > 0, 'GRANTED to the one that waits')
    await one.unlock(file)
    await until(() => two.granted.at(-1)?.alock.svid === 2, 'GRANTED to the other process')
    await two.unlock(file, { svid: 2 })
    t.equal(await one.lock(file), 'GRANTED')
    await one.unlock(file)
  })
})

t.test('programs of the same machine', async (t) => {
  const { server, one, file } = await openLocks(t)
  const path = join(server.directory, 'file')
  const program = compileLockRange(t)
  const range = (...what: string[]) => {
    try {
      return execFileSync(program, [path, ...what], { encoding: 'utf8' }).trim()
    } catch (error) {
      return String((error as { stdout: string }).stdout).trim()
    }
  }
  const mayFlock = (kind: string) => {
    try {
      execFileSync('flock', [kind, '-n', path, 'true'])
      return true
    } catch {
      return false
    }
  }

  await t.test('see the locks of clients', async (t) => {
    await one.lock(file, { offset: 10n, length: 5n })
    t.equal(range('write', '14', '1'), 'denied')
    t.equal(range('write', '15', '1'), 'granted')
    t.equal(mayFlock('-x'), true)
    await one.lock(file)
    t.equal(mayFlock('-s'), false, 'the whole file: also for flock()')
    await one.lock(file, { exclusive: false })
    t.equal(mayFlock('-s'), true)
    t.equal(mayFlock('-x'), false)
    await one.unlock(file)
    t.equal(range('write', '0', '0'), 'granted')
    t.equal(mayFlock('-x'), true)
  })

  await t.test('are waited for', async (t) => {
    const holders: readonly [string, ...string[]][] = [
      [program, path, 'write', '0', '5', 'stdin'],
      ['flock', path, 'sh', '-c', 'echo held; read line'],
    ]
    for (const [command, ...args] of holders) {
      const holder = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(holder.stdout, 'data')
      one.granted.length = 0
      t.equal(await one.lock(file), 'DENIED')
      t.equal(await one.lock(file, { block: true }), 'BLOCKED')
      holder.stdin.end()
      await until(() => one.granted.length > 0, 'GRANTED')
      t.equal(range('read', '0', '1'), 'denied')
      t.equal(mayFlock('-s'), false)
      await one.unlock(file)
    }
  })
})

t.test('versions 1 and 3', async (t) => {
  const { one, two, file } = await openLocks(t)
  const { GRANTED, DENIED, BLOCKED } = {
    GRANTED: nlm_stats.LCK_GRANTED,
    DENIED: nlm_stats.LCK_DENIED,
    BLOCKED: nlm_stats.LCK_BLOCKED,
  }
  const narrow = (host: LockHost, offset = 0, length = 0) => ({
    ...host.alock(file),
    l_offset: offset,
    l_len: length,
  })
  const cookie = Buffer.from('x')
  const args = (host: LockHost, block = false) => {
    return { cookie, block, exclusive: true, alock: narrow(host), reclaim: false, state: 1 }
  }
  t.equal((await one.call(NLM_VERS, v1.NLM_LOCK, args(one), 'udp')).stat.stat, GRANTED)
  t.equal((await two.call(NLM_VERS, v1.NLM_LOCK, args(two), 'udp')).stat.stat, DENIED)
  const tested = await two.call(NLM_VERSX, v3.NLM3_TEST, {
    cookie,
    exclusive: true,
    alock: narrow(two, 5, 1),
  })
  t.match(tested.test_stat, { stat: DENIED, holder: { l_offset: 0, l_len: 0, svid: 1 } })
  t.equal((await two.call(NLM_VERSX, v3.NLM3_LOCK, args(two, true), 'udp')).stat.stat, BLOCKED)
  t.equal((await one.call(NLM_VERSX, v3.NLM3_UNLOCK, { cookie, alock: narrow(one) })).stat.stat, GRANTED)
  await until(() => two.granted3.length > 0, 'GRANTED in version 3')
  t.equal((await two.call(NLM_VERSX, v3.NLM3_UNLOCK, { cookie, alock: narrow(two) })).stat.stat, GRANTED)

  await t.test('a holder beyond 32 bits is cut', async (t) => {
    await one.lock(file, { offset: 2n ** 40n, length: 10n })
    const alock = narrow(two, 0xffff_ffff, 0)
    const { test_stat } = await two.call(NLM_VERS, v1.NLM_TEST, { cookie, exclusive: true, alock })
    t.match(test_stat, { stat: DENIED, holder: { l_offset: 0xffff_ffff, l_len: 0 } })
    await one.unlock(file)
  })

  await t.test('what old versions cannot say', async (t) => {
    const alock = { ...narrow(two), fh: Buffer.alloc(32) }
    const { stat } = await two.call(NLM_VERS, v1.NLM_LOCK, { ...args(two), alock })
    t.equal(stat.stat, nlm_stats.LCK_DENIED_NOLOCKS)
  })
})

t.test('a client with an IPv6 address', { skip: hasIPv6 ? false : 'no IPv6 here' }, async (t) => {
  const { server, one, file, portmapperPort } = await openLocks(t)
  const { host } = await LockHost.start('::1', 'six', portmapperPort, () => server.port)
  t.teardown(() => host.close())
  await one.lock(file)
  t.equal(await host.lock(file, { block: true }), 'BLOCKED')
  await one.unlock(file)
  await until(() => host.granted.length > 0, 'GRANTED')
  t.equal(await one.lock(file), 'DENIED')
})

t.test('calls by message', async (t) => {
  const { one, two, file } = await openLocks(t)
  const args = { ...one.lockArguments(file), cookie: Buffer.from('first') }
  for (const transport of ['tcp', 'udp'] as const) {
    one.results.length = 0
    await one.call(NLM4_VERS, v4.NLMPROC4_LOCK_MSG, args, transport)
    await until(() => one.results.length > 0, 'LOCK_RES')
    t.same(Buffer.from(one.results[0]!.cookie).toString(), 'first')
    t.equal(one.results[0]!.stat.stat, nlm4_stats.NLM4_GRANTED)
    t.equal(await two.lock(file), 'DENIED')
    const { alock, cookie } = args
    await one.call(NLM4_VERS, v4.NLMPROC4_UNLOCK_MSG, { cookie, alock }, transport)
    await until(() => one.results.length > 1, 'UNLOCK_RES')
    t.equal(await two.lock(file), 'GRANTED')
    await two.unlock(file)
  }
  const granted = await one.call(NLM4_VERS, v4.NLMPROC4_GRANTED, { ...args, exclusive: true })
  t.equal(granted.stat.stat, nlm4_stats.NLM4_DENIED, 'we never wait for a lock of others')
})

t.test('sharing reservations', async (t) => {
  const { one, two, file } = await openLocks(t)
  const share = async (host: LockHost, mode: fsh_mode, access: fsh_access) => {
    const { caller_name, fh, oh } = host.alock(file)
    const args = { cookie: Buffer.from('s'), share: { caller_name, fh, oh, mode, access }, reclaim: false }
    return (await host.call(NLM4_VERS, v4.NLMPROC4_SHARE, args)).stat
  }
  const { GRANTED, DENIED } = { GRANTED: nlm4_stats.NLM4_GRANTED, DENIED: nlm4_stats.NLM4_DENIED }
  t.equal(await share(one, fsh_mode.fsm_DW, fsh_access.fsa_R), GRANTED)
  t.equal(await share(two, fsh_mode.fsm_DN, fsh_access.fsa_W), DENIED)
  t.equal(await share(two, fsh_mode.fsm_DR, fsh_access.fsa_R), DENIED)
  t.equal(await share(two, fsh_mode.fsm_DN, fsh_access.fsa_R), GRANTED)
  t.equal(await share(one, fsh_mode.fsm_DRW, fsh_access.fsa_R), DENIED, 'somebody reads')
  const { caller_name, fh, oh } = two.alock(file)
  const released = { caller_name, fh, oh, mode: fsh_mode.fsm_DN, access: fsh_access.fsa_R }
  await two.call(NLM4_VERS, v4.NLMPROC4_UNSHARE, { cookie: oh, share: released, reclaim: false })
  t.equal(await share(one, fsh_mode.fsm_DRW, fsh_access.fsa_R), GRANTED)
  await one.notifyRestart()
  t.equal(await share(two, fsh_mode.fsm_DRW, fsh_access.fsa_RW), GRANTED)
})
