import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { OneMachine } from './one-machine.ts'

t.setTimeout(400_000)

const transactions = 60

t.test('two user VMs and a program of the appliance write one sqlite database', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const database = join(machine.exportDirectory, 'shared.db')
  const here = (sql: string) => command('sqlite3', ['-cmd', '.timeout 120000', database, sql])
  await here(
    'CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER); INSERT INTO counter VALUES (1, 0);',
  )
  const vms = await Promise.all(
    [1, 2].map(async () => {
      const vm = await machine.userVm({ memoryMiB: 512 })
      await vm.sh(machine.lockingMountCommand())
      return vm
    }),
  )
  // Reads, then writes what it has read: without locks steps would be lost.
  const step = 'BEGIN IMMEDIATE; UPDATE counter SET value = value + 1; COMMIT;\n'
  const options = { input: step.repeat(transactions), timeoutMs: 300_000 }
  const running = vms.map((vm) => vm.run("sqlite3 -bail -cmd '.timeout 120000' /mnt/shared.db", options))
  for (let count = 0; count < transactions; count++) await here(step)
  for (const { exitCode, stderr } of await Promise.all(running)) {
    t.equal(stderr.toString(), '')
    t.equal(exitCode, 0)
  }
  t.equal(await here('SELECT value FROM counter'), `${3 * transactions}\n`)
  t.equal(await here('PRAGMA integrity_check'), 'ok\n')
})
