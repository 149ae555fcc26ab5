import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

const entries = 100_000
t.setTimeout(300_000)

t.test('a directory of 100,000 entries, listed while others come and go', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const directory = join(machine.exportDirectory, 'big')
  await mkdir(directory)
  for (let index = 0; index < entries; index++) await writeFile(join(directory, `stays-${index}`), '')
  const vm = await machine.mountedVm()

  let stopped = false
  const churnHere = async () => {
    for (let index = 0; !stopped; index++) {
      await writeFile(join(directory, `comes-and-goes-${index}`), '')
      if (index >= 50) await rm(join(directory, `comes-and-goes-${index - 50}`))
    }
  }
  const churn = churnHere()
  const churnThere = vm.run(
    'cd /mnt/big; i=0; until test -e /tmp/stop; do i=$((i + 1)); : > vm-$i; mv vm-$i moved-$i; rm moved-$i; done',
    { timeoutMs: 240_000 },
  )
  // -U: as READDIR gives them, unsorted; -1 asks for names only, -l for attributes as well.
  for (const [how, list] of [
    ['names', 'ls -U1'],
    ['names and attributes', 'find . -mindepth 1 -size 0 -printf "%f\\n"'],
  ] as const) {
    await vm.sh('echo 3 > /proc/sys/vm/drop_caches')
    const { stdout, stderr, exitCode } = await vm.run(`cd /mnt/big && ${list}`, { timeoutMs: 180_000 })
    const complaints = stderr
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !/No such file/.test(line))
    t.same(complaints.slice(0, 5), [], `${how}: no error`)
    t.ok(exitCode <= 1)
    const stays = stdout
      .toString()
      .split('\n')
      .filter((name) => name.startsWith('stays-'))
    t.equal(stays.length, entries, `${how}: as many as there are`)
    t.equal(new Set(stays).size, entries, `${how}: each exactly once`)
  }
  stopped = true
  await churn
  await vm.sh('touch /tmp/stop')
  t.equal((await churnThere).exitCode, 0)
  t.notMatch(await vm.sh('dmesg'), /readdir loop|NFS: directory/)
})
