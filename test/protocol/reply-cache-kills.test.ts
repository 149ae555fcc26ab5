/**
 * A server that is killed with calls in flight: whatever had happened is not done again, and the client that asks again is
 * told so. Kills at chosen points are let happen by FSVA_TEST_KILL (native/core/src/reply_record_fault.rs).
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ChangingCall, changing, changingProcedures } from '../fixtures/changing-calls.ts'
import { statusOf } from '../fixtures/nfs-client.ts'
import { randomKills } from '../fixtures/random-kills.ts'
import { RawConnection } from '../fixtures/repeatable-call.ts'
import { RestartableServer } from '../fixtures/restartable-server.ts'

/** Some fifty servers are started. */
t.setTimeout(300_000)

/** Where the process dies, and what the record knows of the call then. */
const points = [
  { point: 'prepared', found: { resumed: 0, inherited: 0 } },
  { point: 'operated', found: { resumed: 1, inherited: 0 } },
  { point: 'happened', found: { resumed: 1, inherited: 0 } },
  { point: 'replied', found: { resumed: 0, inherited: 2 } },
] as const

class FragileServer extends RestartableServer {
  readonly #armed = join(this.exported, '..', 'armed')
  readonly #point: string

  constructor(point: string) {
    super()
    this.#point = point
  }

  override start(): Promise<void> {
    rmSync(this.#armed, { force: true })
    return super.start({ FSVA_TEST_KILL: `${this.#point}:${this.#armed}` })
  }

  /** Sends the call, and answers when the server has died on it. */
  async dieOn({ call }: ChangingCall): Promise<void> {
    writeFileSync(this.#armed, '')
    const connection = await RawConnection.open(this.port)
    connection.send(call)
    const { signal } = await this.process!.ended
    if (signal !== 'SIGKILL') throw new Error(`ended by ${signal}`)
    if (connection.peek(call) !== undefined) throw new Error('it was answered')
    connection.close()
  }
}

for (const { point, found } of points) {
  t.test(`killed when the call is ${point}`, async (t) => {
    const server = new FragileServer(point)
    t.teardown(() => server.close())
    await server.start()
    const dir = await server.root()
    for (const [index, procedure] of changingProcedures.entries()) {
      const changed = await changing(procedure, server.client, dir, `kill-${index}`)
      await server.dieOn(changed)
      await server.start()
      const connection = await RawConnection.open(server.port)
      const answers = [await connection.ask(changed.call), await connection.ask(changed.call)]
      const statuses = answers.map((answer) => statusOf(answer!))
      t.same(statuses, ['NFS3_OK', 'NFS3_OK'], procedure)
      t.ok(await changed.isDone(server.client), 'done, and completely')
      const { resumed, inherited } = await server.figures()
      t.same({ resumed, inherited }, found)
      connection.close()
    }
  })
}

t.test('without the record, the same calls fail', async (t) => {
  const server = new FragileServer('operated')
  t.teardown(() => server.close())
  await server.start()
  const dir = await server.root()
  for (const [index, procedure] of (['REMOVE', 'MKDIR'] as const).entries()) {
    const changed = await changing(procedure, server.client, dir, `lost-${index}`)
    await server.dieOn(changed)
    rmSync(join(server.state, 'replies'))
    await server.start()
    const connection = await RawConnection.open(server.port)
    const answer = await connection.ask(changed.call)
    t.equal(statusOf(answer!), changed.secondTime)
    connection.close()
  }
})

t.test('what another has done since is left alone', async (t) => {
  const server = new FragileServer('operated')
  t.teardown(() => server.close())
  await server.start()
  const dir = await server.root()
  const removed = await changing('REMOVE', server.client, dir, 'again')
  await server.dieOn(removed)
  // As by a program on the server: the name is another file's now.
  writeFileSync(join(server.exported, 'again-name'), 'precious')
  await server.start()
  const connection = await RawConnection.open(server.port)
  t.equal(statusOf((await connection.ask(removed.call))!), 'NFS3_OK')
  t.equal((await server.client.lookup(dir, 'again-name')).status, 0)

  const made = await changing('MKDIR', server.client, dir, 'gone')
  connection.close()
  await server.dieOn(made)
  await server.start()
  rmSync(join(server.exported, 'gone-name'), { recursive: true })
  const late = await RawConnection.open(server.port)
  t.equal(statusOf((await late.ask(made.call))!), 'NFS3_OK', 'it was made')
  t.not((await server.client.lookup(dir, 'gone-name')).status, 0, 'and is not made again')
  late.close()
})

t.test('killed at any time', async (t) => {
  const figures = await randomKills({ kills: 8, connections: 4, depth: 8 })
  t.comment(JSON.stringify(figures))
  t.same(figures.wrong, [])
  t.ok(figures.killsWithCallsInFlight > 0, 'some kills hit calls in flight')
  t.ok(figures.repliesFromRecord + figures.resumed > 0, 'of which the record knew')
})
