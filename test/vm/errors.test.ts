/** Errors of the server's file systems keep their meaning for programs in a user VM. */
import t from 'tap'
import { inOneLine, runErrorCases } from './error-rows.ts'
import { ErrorScene } from './error-scene.ts'
import { breakDisk, die, freeze, hang, removeOpen, serverLog } from './error-waits.ts'
import { walkErrnos } from './error-walk.ts'

t.setTimeout(800_000)

t.test('errors of the file system', async (t) => {
  const scene = await ErrorScene.start()
  t.teardown(() => scene.close())

  await t.test('as a local program is told', async (t) => {
    for (const row of await runErrorCases(scene)) {
      t.equal(inOneLine(row.local), inOneLine(row.expectedLocal), `${row.what}: here`)
      t.equal(inOneLine(row.remote), inOneLine(row.expectedRemote), `${row.what}: in the VM`)
    }
  })

  await t.test('every errno of the table', async (t) => {
    for (const { name, local, remote, expected } of await walkErrnos(scene)) {
      t.equal(local, name, `${name}: here`)
      t.equal(remote, expected, `${name}: in the VM`)
    }
  })

  for (const stop of [removeOpen, freeze, hang, breakDisk, die]) {
    await t.test(stop.name, async (t) => {
      const { what, seen } = await stop(scene)
      for (const [name, got, expected] of seen) t.equal(got, expected, `${what}: ${name}`)
    })
  }
  t.same(serverLog(scene), [])
})
