import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

const entries = 100_000
t.setTimeout(800_000)

t.test('a directory of 100,000 entries, listed while others come and go', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const directory = join(machine.exportDirectory, 'big')
  await mkdir(directory)
  for (let index = 0; index < entries; index++) await writeFile(join(directory, `stays-${index}`), '')
  const vm = await machine.mountedVm()

  const stop = new AbortController()
  const churn = churnHere(directory, stop.signal)
  const churnThere = vm.run(
    'cd /mnt/big; i=0; until test -e /tmp/stop; do i=$((i + 1)); : > vm-$i; mv vm-$i moved-$i; rm moved-$i; done',
    { timeoutMs: 300_000 },
  )
  await vm.sh(`mkdir /tmp/plain && ${machine.mountCommand('', '/tmp/plain', 'nordirplus,nosharecache')}`)
  for (const [how, mount] of [
    ['READDIRPLUS', '/mnt'],
    ['READDIR', '/tmp/plain'],
  ] as const) {
    const before = (await machine.server.calls()).get(`nfs.${how}`) ?? 0
    // -U: as the calls give them, unsorted.
    const { stdout, stderr, exitCode, durationMs } = await vm.run(`ls -U1 ${mount}/big`, {
      timeoutMs: 400_000,
    })
    t.equal(stderr.toString(), '')
    t.equal(exitCode, 0)
    const stays = stdout
      .toString()
      .split('\n')
      .filter((name) => name.startsWith('stays-'))
    t.equal(stays.length, entries, `${how}: as many as there are`)
    t.equal(new Set(stays).size, entries, `${how}: each exactly once`)
    t.ok(((await machine.server.calls()).get(`nfs.${how}`) ?? 0) > before, `${how} was used`)
    t.comment(`${how}: ${Math.round(durationMs)} ms`)
  }
  stop.abort()
  await churn
  await vm.sh('touch /tmp/stop')
  t.equal((await churnThere).exitCode, 0)

  // find would ask for the attributes of each: plain READDIR says nothing of types.
  const some = 'cd /mnt/big && ls -U1 | grep "^stays-.*77$" | xargs stat -c "%F %s" | sort | uniq -c'
  t.match(await vm.sh(some), `${entries / 100} regular empty file 0`)
  t.notMatch(await vm.sh('dmesg'), /readdir loop/)
})

/** Creates files and removes them a while later, so that some are there when a listing passes and some are not. */
async function churnHere(directory: string, signal: AbortSignal): Promise<void> {
  const living = 50
  for (let index = 0; !signal.aborted; index++) {
    await writeFile(join(directory, `comes-and-goes-${index}`), '')
    if (index >= living) await rm(join(directory, `comes-and-goes-${index - living}`))
    await sleep(2)
  }
}
