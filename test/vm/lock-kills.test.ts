/** Two user VMs count under locks while the server is killed: no lock is lost to another client, none is had twice. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

t.setTimeout(400_000)

const kills = 3
const programsPerVm = 2

async function count(machine: OneMachine, name: string): Promise<number> {
  return Number(await readFile(join(machine.exportDirectory, name), 'latin1'))
}

t.test('counting under locks', async (t) => {
  const machine = await OneMachine.start({ arguments: ['--grace-seconds', '8'] })
  t.teardown(() => machine.close())
  const names = ['flock', 'fcntl', 'unlocked']
  for (const name of names) await writeFile(join(machine.exportDirectory, name), '0\n')
  const vms = await Promise.all(
    [1, 2].map(async () => {
      const vm = await machine.userVm({ memoryMiB: 512 })
      await vm.sh(`${machine.lockingMountCommand()} && mkdir /tmp/nolock`)
      return vm
    }),
  )
  const script = (kind: string, times: number) =>
    Array.from({ length: programsPerVm }, () => `fsva-lock-counter /mnt/${kind} ${kind} ${times} &`).join(
      '\n',
    )
  const times = 150

  await t.test('control: without locks on the server counts are lost', async (t) => {
    const run = `${machine.mountCommand('', '/tmp/nolock', 'vers=3,nosharecache')}
      fsva-lock-counter /tmp/nolock/unlocked flock ${times} && umount /tmp/nolock`
    for (const output of await Promise.all(vms.map((vm) => vm.sh(run)))) t.equal(output, 'done')
    t.ok((await count(machine, 'unlocked')) < 2 * times)
  })

  await t.test(`while the server is killed ${kills} times`, async (t) => {
    const running = vms.map((vm) =>
      vm.run(`${script('flock', times)}\n${script('fcntl', times)}\nwait`, { timeoutMs: 300_000 }),
    )
    let isOver = false
    const over = Promise.all(running).finally(() => {
      isOver = true
    })
    let killed = 0
    while (killed < kills) {
      await sleep(2500)
      if (isOver) break
      await machine.server.restart('SIGKILL')
      killed++
      const before = await count(machine, 'fcntl')
      // Somebody gets on before the next kill: the grace period is over.
      while (!isOver && (await count(machine, 'fcntl')) < before + 5) await sleep(200)
    }
    for (const { stdout, stderr, exitCode } of await over) {
      t.equal(stdout.toString(), 'done\n'.repeat(2 * programsPerVm))
      t.equal(stderr.toString(), '')
      t.equal(exitCode, 0)
    }
    t.equal(killed, kills, 'they were at it all the time')
    const expected = vms.length * programsPerVm * times
    t.equal(await count(machine, 'flock'), expected)
    t.equal(await count(machine, 'fcntl'), expected)
    for (const vm of vms) t.notMatch(await vm.sh('dmesg | grep lockd || true'), /failed to reclaim/)
  })
})
