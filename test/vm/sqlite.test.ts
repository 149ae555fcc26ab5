import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)
const transactions = 2000

t.test('sqlite with a few thousand transactions on the mount', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  const database = join(machine.exportDirectory, 'data.db')

  const statements = ['CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER, note TEXT);']
  for (let id = 0; id < 100; id++) statements.push(`INSERT INTO account VALUES (${id}, 1000, '');`)
  for (let step = 0; step < transactions; step++) {
    const [from, to] = [(step * 7) % 100, (step * 13 + 1) % 100]
    statements.push(
      `BEGIN; UPDATE account SET balance = balance - 1 WHERE id = ${from};`,
      `UPDATE account SET balance = balance + 1, note = 'step ${step}' WHERE id = ${to}; COMMIT;`,
    )
  }
  const { exitCode, stderr, durationMs } = await vm.run('sqlite3 -bail /mnt/data.db', {
    input: statements.join('\n'),
    timeoutMs: 400_000,
  })
  t.equal(stderr.toString(), '')
  t.equal(exitCode, 0)
  t.comment(`${transactions} transactions in ${Math.round(durationMs)} ms`)

  const here = (sql: string) => command('sqlite3', [database, sql])
  t.equal(await here('PRAGMA integrity_check'), 'ok\n', "the server's own view is a whole database")
  t.equal(await here('SELECT sum(balance), count(*) FROM account'), '100000|100\n')
  const sum = 'SELECT group_concat(id || balance || note) FROM account'
  t.equal(await vm.sh(`sqlite3 /mnt/data.db "${sum}"`), (await here(sum)).trimEnd())

  const rollback = await vm.run('sqlite3 /mnt/data.db', {
    input:
      'BEGIN; DELETE FROM account; SELECT count(*) FROM account; ROLLBACK; SELECT count(*) FROM account; VACUUM;',
  })
  t.equal(rollback.stdout.toString(), '0\n100\n')
  t.equal(await here('PRAGMA integrity_check'), 'ok\n')
})
