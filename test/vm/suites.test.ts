/** The suites of test/suites on a file system of the VM and through the mount: what differs is known and explained. */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { unexplained } from '../suites/differences.ts'
import { localDisk, mountLocalDisk } from '../suites/local-file-system.ts'
import { compareOutcomes, countOutcomes, type Outcomes } from '../suites/outcomes.ts'
import { installSuites, runSuites, type SuiteName, suiteNames } from '../suites/suites.ts'
import { OneMachine } from './one-machine.ts'
import { RunScope } from './run-scope.ts'

t.setTimeout(800_000)

const fileSystem = 'ext4'
const posixChecksMin = 400

t.test('suites, locally and through the mount', async (t) => {
  const scope = new RunScope()
  const machine = await OneMachine.start({}, scope)
  t.teardown(() => machine.close())
  const vm = await machine.userVm({ deviceArguments: await localDisk(scope, fileSystem) })
  await mountLocalDisk(vm, fileSystem, '/local')
  await vm.sh(machine.lockingMountCommand())
  await installSuites(vm)
  const surroundings = { clientKernel: vm.kernelVersion, fileSystem }
  const local = new Map<SuiteName, Outcomes>()

  for (const suite of suiteNames) {
    await t.test(suite, async (t) => {
      const here = await runSuites(vm, '/local/run', [suite])
      local.set(suite, here)
      const failed = [...here].filter(([, outcome]) => outcome !== 'ok')
      t.same(failed, [], 'every check holds on a local file system')
      const there = await runSuites(vm, '/mnt/run', [suite])
      t.comment(`${countOutcomes(there).get(suite)?.ok} of ${here.size} hold through the mount`)
      t.same(unexplained(compareOutcomes(here, there), there, surroundings), [])
    })
  }

  await t.test('the POSIX suite has enough checks', async (t) => {
    t.ok(local.get('posix')!.size >= posixChecksMin, `${local.get('posix')!.size} of different names`)
  })

  await t.test('control: a server that squashes everybody is found out', async (t) => {
    const below = join(machine.exportDirectory, 'open-to-all')
    await mkdir(below)
    await chmod(below, 0o777)
    await machine.server.stop()
    machine.server.reconfigure({ squash: 'all_squash' })
    await machine.server.start()
    const here = local.get('posix')!
    const there = await runSuites(vm, '/mnt/open-to-all/run', ['posix/sticky', 'posix/chown'])
    const wrong = unexplained(compareOutcomes(here, there), there, surroundings).filter((line) =>
      /^posix\/(sticky|chown)\//.test(line),
    )
    t.match(wrong, [/^posix\/chown\/owner-and-group: local ok, mounted got EPERM want success$/])
  })
})
