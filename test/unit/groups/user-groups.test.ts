import t from 'tap'
import type { Caller } from '../../../nfs-server/caller.ts'
import { groupsLifeMs, groupsRetryMs, lookupsMax, usersMax } from '../../../nfs-server/groups/limits.ts'
import { type GroupLookup, UserGroups } from '../../../nfs-server/groups/user-groups.ts'
import { RpcRejection } from '../../../nfs-server/rpc/program.ts'

function callerOf(uid: number, gids: readonly number[] = [9]): Caller {
  return { address: '192.0.2.7', port: 700, flavor: 'sys', uid, gid: 50, gids }
}

function start(lookup: GroupLookup) {
  const clock = { now: 0 }
  const failures: number[] = []
  const asked: number[] = []
  const groups = new UserGroups({
    lookup: (uid) => {
      asked.push(uid)
      return lookup(uid)
    },
    onFailure: (uid) => failures.push(uid),
    now: () => clock.now,
  })
  return { groups, clock, failures, asked }
}

t.test('the groups of this machine instead of the call’s, for as long as they live', async (t) => {
  let gids: readonly number[] | null = [1, 2]
  const { groups, clock, asked } = start(async () => gids)
  const caller = callerOf(7)
  const first = await groups.identify(caller)
  t.same(first, { ...caller, gids: [1, 2] }, 'address, uid and primary group stay')
  t.equal(groups.identify(caller), first, 'at once and the same object')
  clock.now = groupsLifeMs - 1
  t.equal(groups.identify(caller), first)
  clock.now = groupsLifeMs
  t.equal(await groups.identify(caller), first, 'asked again, and nothing has changed')
  t.same(asked, [7, 7])
  gids = [1]
  clock.now *= 2
  t.same((await groups.identify(caller)).gids, [1])
  gids = null
  clock.now *= 2
  t.same((await groups.identify(caller)).gids, [], 'gone: the primary group only')
})

t.test('another credential of the same user is another caller', async (t) => {
  const { groups, asked } = start(async () => [1])
  const one = await groups.identify(callerOf(7))
  const two = await groups.identify({ ...callerOf(7), gid: 51 })
  t.same([one.gid, two.gid], [50, 51])
  t.same(asked, [7])
})

t.test('AUTH_NONE has no groups to look up', async (t) => {
  const { groups, asked } = start(async () => [1])
  const nobody: Caller = { ...callerOf(-1), flavor: 'none' }
  t.equal(groups.identify(nobody), nobody)
  t.same(asked, [])
})

t.test('calls that come during a lookup share it', async (t) => {
  const answer = Promise.withResolvers<readonly number[] | null>()
  const { groups, asked } = start(() => answer.promise)
  const both = [groups.identify(callerOf(7)), groups.identify(callerOf(7))]
  answer.resolve([3])
  for (const caller of await Promise.all(both)) t.same(caller.gids, [3])
  t.same(asked, [7])
})

t.test('a lookup that fails: what was known, or nothing, and soon again', async (t) => {
  let works = false
  const { groups, clock, failures } = start(async () => {
    if (!works) throw new Error('the directory is down')
    return [4]
  })
  const caller = callerOf(7)
  t.same((await groups.identify(caller)).gids, [])
  works = true
  clock.now += groupsRetryMs
  t.same((await groups.identify(caller)).gids, [4])
  works = false
  clock.now += groupsLifeMs
  t.same((await groups.identify(caller)).gids, [4])
  t.same(failures, [7, 7])
})

t.test('users remembered and lookups in progress are bounded', async (t) => {
  const { groups } = start(async () => [])
  for (let uid = 0; uid < usersMax + 10; uid++) await groups.identify(callerOf(uid))
  t.equal(groups.size, usersMax)

  const slow = start(() => new Promise(() => {}))
  for (let uid = 0; uid < lookupsMax; uid++) slow.groups.identify(callerOf(uid))
  await t.rejects(Promise.resolve(slow.groups.identify(callerOf(lookupsMax))), new RpcRejection('drop'))
  t.equal(slow.asked.length, lookupsMax)
})

t.test('another thread asks, and forgets what it was told when this one does', async (t) => {
  let gids: readonly number[] = [1, 2]
  const { groups, clock, asked } = start(async () => gids)
  const worker = new UserGroups({
    lookup: { lease: (uid) => groups.lease(uid) },
    onFailure: () => t.fail('failures are those of who looks up'),
    now: () => clock.now,
  })
  const caller = callerOf(7)
  await groups.identify(caller)
  clock.now = groupsLifeMs - 100
  t.same((await worker.identify(caller)).gids, [1, 2])
  t.same(asked, [7], 'looked up once')
  gids = [3]
  clock.now = groupsLifeMs - 1
  t.same((await worker.identify(caller)).gids, [1, 2])
  clock.now = groupsLifeMs
  t.same((await worker.identify(caller)).gids, [3], 'not a lifetime later')
  t.same((await groups.identify(caller)).gids, [3])
  t.same(asked, [7, 7])
})

t.test('another thread that is told nothing drops the call, and asks again', async (t) => {
  let isFull = true
  const worker = new UserGroups({
    lookup: {
      lease: async () => {
        if (isFull) throw new RpcRejection('drop')
        return { gids: [5], life_ms: 1000 }
      },
    },
    onFailure: () => t.fail('nothing failed'),
  })
  await t.rejects(Promise.resolve(worker.identify(callerOf(7))), RpcRejection)
  isFull = false
  t.same((await worker.identify(callerOf(7))).gids, [5])
})
