import { mkdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { makeDisk, mountLoop } from './disk.ts'
import { OneMachine } from './one-machine.ts'
import { RunScope } from './run-scope.ts'

t.setTimeout(800_000)

t.test('a full file system is reported to the program that writes', async (t) => {
  const scope = new RunScope()
  t.teardown(() => scope.close())
  const image = join(scope.directory, 'small.ext4')
  const exportDirectory = join(scope.directory, 'small')
  mkdirSync(exportDirectory)
  await makeDisk(image, 'ext4', 16, ['-N', '256'])
  await mountLoop(scope, image, exportDirectory)
  const machine = await OneMachine.start({ exportDirectory }, scope)
  const vm = await machine.mountedVm()

  const write = await vm.run('dd if=/dev/zero of=/mnt/fill bs=64k count=1000 conv=fsync')
  t.not(write.exitCode, 0)
  t.match(write.stderr.toString(), /No space left on device/)
  const { blocks } = await stat(join(exportDirectory, 'fill'))
  t.ok(blocks * 512 > 2 ** 20 && blocks * 512 < 2 ** 24, 'what fitted was written')

  const direct = await vm.run('dd if=/dev/zero of=/mnt/more bs=64k count=500 oflag=direct')
  t.match(direct.stderr.toString(), /No space left on device/)
  const full = await command('df', ['--output=avail', '-k', exportDirectory])
  t.equal(await vm.sh('df --output=avail -k /mnt | tail -1'), full.trimEnd().split('\n')[1])

  await vm.sh('rm /mnt/fill /mnt/more && echo room again > /mnt/after && cat /mnt/after')
  const inodes = await vm.run('mkdir /mnt/many && cd /mnt/many && for i in $(seq 1000); do : > $i; done', {
    timeoutMs: 400_000,
  })
  t.match(inodes.stderr.toString(), /No space left on device/, 'inodes run out too')
  await vm.sh('rm -r /mnt/many', { timeoutMs: 400_000 })
})
