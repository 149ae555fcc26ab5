/** The suites of test/suites on a file system of the VM and through the mount: what differs is known and explained. */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { unexplained } from '../suites/differences.ts'
import { compareOutcomes, countOutcomes, type Outcomes } from '../suites/outcomes.ts'
import { runSuites, suiteNames } from '../suites/suites.ts'
import { TwoRuns } from '../suites/two-runs.ts'

t.setTimeout(800_000)

const posixChecksMin = 400

t.test('suites, locally and through the mount', async (t) => {
  const runs = await TwoRuns.start()
  t.teardown(() => runs.close())
  const { machine, surroundings, vm } = runs
  let posix: Outcomes = new Map()

  for (const suite of suiteNames) {
    await t.test(suite, async (t) => {
      const here = await runs.locally(suite)
      if (suite === 'posix') posix = here
      const failed = [...here].filter(([, outcome]) => outcome !== 'ok')
      t.same(failed, [], 'every check holds on a local file system')
      const there = await runs.mounted(suite)
      t.comment(`${countOutcomes(there).get(suite)?.ok} of ${here.size} hold through the mount`)
      t.same(unexplained(compareOutcomes(here, there), there, surroundings), [])
    })
  }

  await t.test('the POSIX suite has enough checks', async (t) => {
    t.ok(posix.size >= posixChecksMin, `${posix.size} of different names`)
  })

  await t.test('control: a server that squashes everybody is found out', async (t) => {
    const below = join(machine.exportDirectory, 'open-to-all')
    await mkdir(below)
    await chmod(below, 0o777)
    await machine.server.stop()
    machine.server.reconfigure({ squash: 'all_squash' })
    await machine.server.start()
    const there = await runSuites(vm, '/mnt/open-to-all/run', ['posix/sticky', 'posix/chown'])
    const wrong = unexplained(compareOutcomes(posix, there), there, surroundings).filter((line) =>
      /^posix\/(sticky|chown)\//.test(line),
    )
    t.ok(wrong.includes('posix/chown/owner-and-group: local ok, mounted got EPERM want success'), `${wrong}`)
  })
})
