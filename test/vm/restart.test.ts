import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OneMachine } from './one-machine.ts'
import { clientView, firstDifferences, serverView } from './view.ts'

t.setTimeout(800_000)

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  t.test(`the server ended by ${signal} and started again`, async (t) => {
    const machine = await OneMachine.start()
    t.teardown(() => machine.close())
    const vm = await machine.mountedVm()
    await vm.sh('mkdir -p /mnt/a/b && seq 1000 > /mnt/a/b/file && ln -s b /mnt/a/link')

    await t.test('between two operations: handles stay valid', async (t) => {
      const going = vm.run(`cd /mnt/a/b && exec 3<file 4>>file 5>fresh && read first <&3 && touch /tmp/opened
        until test -e /tmp/restarted; do sleep 0.1; done
        echo appended >&4 && echo new >&5 && exec 4>&- 5>&- && tail -1 file && cat fresh && pwd && ls ..`)
      await vm.sh('until test -e /tmp/opened; do sleep 0.1; done')
      const exitCode = await machine.server.stop(signal)
      t.equal(exitCode, signal === 'SIGTERM' ? 0 : null)
      await machine.server.start()
      await vm.sh('echo 3 > /proc/sys/vm/drop_caches; touch /tmp/restarted')
      const result = await going
      t.equal(result.stderr.toString(), '')
      t.equal(result.stdout.toString(), 'appended\nnew\n/mnt/a/b\nb\nlink\n')
    })

    await t.test('while programs are writing: none sees an error, nothing is lost', async (t) => {
      const writers = vm.run(
        `for w in 1 2 3; do (mkdir /mnt/w$w && for i in $(seq 300); do
           seq $i $((i + 500)) > /mnt/w$w/$i || echo failed $i; done) & done
         dd if=/dev/urandom of=/tmp/big bs=1M count=48 2> /dev/null
         dd if=/tmp/big of=/mnt/big bs=256k conv=fsync 2> /dev/null || echo failed big; wait`,
        { timeoutMs: 400_000 },
      )
      await vm.sh('sleep 1.5')
      await machine.server.restart(signal)
      await vm.sh('sleep 1.5')
      await machine.server.restart(signal)
      const result = await writers
      t.equal(result.stdout.toString() + result.stderr.toString(), '')
      t.equal(result.exitCode, 0)
      await vm.sh(`umount /mnt && ${machine.mountCommand()}`)
      t.same(firstDifferences(await clientView(vm, '/mnt'), await serverView(machine.exportDirectory)), [])
      const { stdout } = await vm.run('cat /tmp/big')
      t.ok(
        stdout.equals(await readFile(join(machine.exportDirectory, 'big'))),
        'unstable writes were sent again',
      )
      const counted = await vm.sh('for w in 1 2 3; do ls /mnt/w$w | wc -l; done')
      t.equal(counted, '300\n300\n300')
    })
  })
}
