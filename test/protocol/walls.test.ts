/** Exports are walls: each way over is refused with its status and logged once, and is open where the wall is taken down. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { handleOf } from '../fixtures/handle-server.ts'
import { made, NfsClient, ok, statusOf } from '../fixtures/nfs-client.ts'
import { WallServer } from '../fixtures/wall-server.ts'

t.setTimeout(300_000)
const isRoot = process.getuid?.() === 0
const accessDenied = 13

t.test('walls', { skip: isRoot ? false : 'needs root to be somebody else' }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-walls-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const open = { one: {}, two: {} }
  const server = await WallServer.start(directory, open)
  t.teardown(() => server.close())
  const client = await server.client(0, 0)
  t.teardown(() => client.close())
  const [one, two] = [await server.root('one'), await server.root('two')]
  const file = made(await client.create(one, 'file'))
  ok(await client.write(file, 0n, 'content'))
  let logged = 0
  /** A thousand refusals give one line, which says why; once gives it too. */
  const refused = async (expected: string, reason: RegExp, call: () => Promise<{ status: number }>) => {
    const statuses = new Set<string>()
    for (let i = 0; i < 1000; i++) statuses.add(statusOf(await call()))
    t.same([...statuses], [expected], `${expected}: ${reason}`)
    t.equal(server.refusals.length, ++logged, 'one line')
    t.match(server.refusals.at(-1), { client: '127.0.0.1', reason })
  }

  const forged = Uint8Array.from(file)
  forged[forged.length - 1]! ^= 1
  await refused('NFS3ERR_BADHANDLE', /did not make/, () => client.getattr(forged))
  await refused('NFS3ERR_XDEV', /one export to another/, () => client.link(file, two, 'link'))
  t.equal(statusOf(await client.link(file, one, 'link')), 'NFS3_OK', 'inside of an export it is no wall')

  t.same(await handleOf(client, one, '..'), one, '".." ends at the root')
  const secret = server.path('secret')
  writeFileSync(secret, 'secret')
  const upwards = made(await client.symlink(one, 'escape', '..'))
  t.equal(statusOf(await client.lookup(upwards, 'secret')), 'NFS3ERR_NOTDIR')
  t.equal(statusOf(await client.create(upwards, 'new')), 'NFS3ERR_NOTDIR')
  t.equal(statusOf(await client.lookup(one, '../secret')), 'NFS3ERR_ACCES', 'a name is one component')
  t.equal(server.refusals.length, logged, 'there is nothing behind them to be refused')

  await server.reload({ one: { read_only: true }, two: {} })
  await refused('NFS3ERR_ROFS', /read-only/, () => client.write(file, 0n, 'changed'))
  await server.reload({ one: { secure: true }, two: {} })
  await refused('NFS3ERR_ACCES', /below 1024/, () => client.getattr(file))
  await server.reload({ one: { clients: ['192.0.2.1'] }, two: {} })
  await refused('NFS3ERR_ACCES', /not among the clients/, () => client.getattr(file))
  for (let i = 0; i < 20; i++) t.equal(await server.mount(server.path('one')), accessDenied)
  t.equal(server.refusals.length, logged, 'the same client, export and reason')
  for (let i = 0; i < 20; i++) await server.mount(`/nothing\n\u001b[2J-${i}`)
  t.equal(server.refusals.length, ++logged, 'whatever name is asked for')
  t.notMatch(server.refusals.at(-1)!.msg, '\n')
  t.notMatch(server.process.stderr, '\u001b')

  await server.reload({ two: {} })
  await refused('NFS3ERR_STALE', /export that is gone/, () => client.getattr(file))
  await server.reload(open)
  t.equal(Buffer.from(ok(await client.read(file, 0n, 100)).data).toString(), 'content', 'without walls')
  t.equal(readFileSync(secret, 'utf8'), 'secret')
  t.same(readdirSync(directory).sort(), ['config.yaml', 'one', 'secret', 'state', 'two'])
})

t.test('who root is', { skip: isRoot ? false : 'needs root to be somebody else' }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-squash-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const squashing = { squash: 'root_squash', anonuid: 65533, anongid: 65532 }
  const server = await WallServer.start(directory, { data: squashing })
  t.teardown(() => server.close())
  const root = await server.root('data')
  const own = join(server.path('data'), 'own')
  writeFileSync(own, 'of root', { mode: 0o640 })
  const as = async (uid: number, gid: number, gids: number[] = []) => {
    const client = await server.client(uid, gid, gids)
    t.teardown(() => client.close())
    return client
  }
  const nobody = await NfsClient.connect(server.port, undefined)
  t.teardown(() => nobody.close())
  const file = await handleOf(await as(0, 0), root, 'own')
  const tricks: [string, NfsClient][] = [
    ['uid 0', await as(0, 0)],
    ['gid 0', await as(1000, 0)],
    ['gid 0 among the groups', await as(1000, 1000, [4, 0, 5])],
    ['uid 4294967295', await as(0xffffffff, 0xffffffff, [0xffffffff, 0])],
    ['AUTH_NONE', nobody],
  ]
  for (const [name, client] of tricks) {
    t.equal(statusOf(await client.read(file, 0n, 10)), 'NFS3ERR_ACCES', name)
  }
  const lines = server.refusals.map(({ reason }) => reason)
  t.same(lines, ['root is 65533:65532 here (root_squash)', 'who names no user is 65533:65532 here'])

  await server.reload({ data: { squash: 'no_root_squash' } })
  for (const [name, client] of tricks.slice(0, 3)) {
    t.equal(statusOf(await client.read(file, 0n, 10)), 'NFS3_OK', `${name}, not squashed`)
  }
  for (const [name, client] of tricks.slice(3)) {
    t.equal(statusOf(await client.read(file, 0n, 10)), 'NFS3ERR_ACCES', `${name}: nobody all the same`)
  }
  t.equal(statSync(own).uid, 0)
})
