import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { OneMachine } from './one-machine.ts'
import { makeSourceTree } from './source-tree.ts'

t.setTimeout(800_000)
const timeoutMs = 400_000

t.test('git on the mount', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const tarPath = join(machine.exportDirectory, 'tree.tar')
  await makeSourceTree(join(machine.scope.directory, 'made'), tarPath, 300)
  const vm = await machine.mountedVm()
  const sh = (script: string) => vm.sh(`cd /mnt/repo\n${script}`, { timeoutMs, uid: 1000 })
  // The check of the object database runs on the real file system with this machine's git.
  const fsck = (repository: string) =>
    command('git', [
      '-c',
      'safe.directory=*',
      '-C',
      join(machine.exportDirectory, repository),
      'fsck',
      '--strict',
    ])

  await vm.sh('mkdir /mnt/repo && chown 1000:1000 /mnt/repo')
  await sh('git init -q . && tar -xf ../tree.tar && git add -A && git commit -qm first')
  t.equal(await sh('git status --porcelain'), '', 'clean after the commit')
  t.equal(await sh('git ls-files | wc -l'), '312')
  await sh(
    'echo changed >> tree/part-0/module-0/file-0.ts && rm tree/part-1/module-1/file-30.ts && echo n > new',
  )
  const status = await sh('git status --porcelain')
  t.same(
    status.split('\n').map((line) => line.slice(0, 2)),
    [' M', ' D', '??'],
  )
  await sh(
    'git add -A && git commit -qm second && git branch side HEAD~1 && git checkout -q side && test ! -e new',
  )
  await sh('echo side > side-file && git add side-file && git commit -qm side && git checkout -q main')
  await sh('git merge -q -m merged side && test -e side-file && test -e new')
  await fsck('repo')
  await sh('git gc -q --prune=now')
  t.match(await sh('git count-objects -v'), /in-pack: [1-9]/)
  await fsck('repo')
  await sh('cd .. && git clone -q repo /tmp/cloned 2>&1; rm -rf /tmp/cloned')
  await vm.sh('mkdir /mnt/clones && chown 1000 /mnt/clones')
  await vm.sh('cd /mnt/clones && git clone -q --no-local ../repo copy && diff -r -x .git ../repo copy', {
    uid: 1000,
    timeoutMs,
  })
  await fsck('clones/copy')
  t.equal(await vm.sh('git -C /mnt/clones/copy log --oneline | wc -l', { uid: 1000 }), '4')
})
