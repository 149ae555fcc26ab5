import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { OneMachine } from './one-machine.ts'
import { makeSourceTree } from './source-tree.ts'
import { clientView, firstDifferences, serverView } from './view.ts'

const files = 5000
t.setTimeout(800_000)

t.test('a tree of 5,000 files unpacked in the VM is the same on both sides', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const made = join(machine.scope.directory, 'made')
  const tarPath = join(machine.exportDirectory, 'tree.tar')
  await makeSourceTree(made, tarPath, files)
  const vm = await machine.mountedVm()

  await vm.sh('mkdir /mnt/unpacked && tar -C /mnt/unpacked -xf /mnt/tree.tar', { timeoutMs: 400_000 })
  const unpacked = join(machine.exportDirectory, 'unpacked')
  await command('diff', ['-r', '--no-dereference', join(made, 'tree'), join(unpacked, 'tree')])
  t.pass('every file has the content that was packed')

  await vm.sh(`umount /mnt && ${machine.mountCommand()}`)
  const server = await serverView(unpacked)
  const client = await clientView(vm, '/mnt/unpacked')
  t.same(firstDifferences(client, server), [], 'type, mode, owner, size, links, times, inode, checksum')
  t.ok(server.split('\n').length > 2 * files, 'the comparison saw every file')

  await vm.sh('rm -r /mnt/unpacked', { timeoutMs: 400_000 })
  const left = await command('ls', ['-A', machine.exportDirectory])
  t.equal(left, 'tree.tar\n', 'rm -r in the VM left nothing behind')
  await rm(made, { recursive: true })
})
