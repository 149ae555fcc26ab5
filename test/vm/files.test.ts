import { lstat, mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { command } from './command.ts'
import { OneMachine } from './one-machine.ts'
import { RunScope } from './run-scope.ts'
import type { Vm } from './user-vm.ts'

t.setTimeout(800_000)

t.test('kinds of files and what programs do with them', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  const here = (name: string) => join(machine.exportDirectory, name)

  await t.test('a sparse file over 4 GiB', (t) => sparseFile(t, vm, here('sparse')))

  await t.test('unlink while open', async (t) => {
    const script = `cd /mnt && echo first > doomed && exec 3>>doomed 4<doomed && rm doomed
      test ! -e doomed && echo second >&3 && cat <&4`
    t.equal(await vm.sh(script), 'first\nsecond', 'reads and writes go on')
    const left = await command('find', [machine.exportDirectory, '-name', '*doomed*', '-o', '-name', '.nfs*'])
    t.equal(left, '', 'nothing stays once it is closed')
  })

  await t.test('removed by the server while open', async (t) => {
    await vm.sh('echo content > /mnt/gone')
    const script =
      'exec 3</mnt/gone && until test -e /tmp/go; do sleep 0.1; done; ls /mnt > /dev/null; cat <&3'
    const reading = vm.run(`echo 3 > /proc/sys/vm/drop_caches; ${script}`)
    await vm.sh('sleep 1')
    await command('rm', [here('gone')])
    await vm.sh('touch /tmp/go')
    const { stdout, stderr } = await reading
    // The page cache may still have it; if it has to ask, the answer is ESTALE and nothing else.
    t.match(stdout.toString() + stderr.toString(), /content|Stale file handle/)
  })

  await t.test('rename over an open file', async (t) => {
    const script = `cd /mnt && echo old > target && echo new > source && exec 3<target
      mv source target && cat target && cat <&3 && test ! -e source`
    t.equal(await vm.sh(script), 'new\nold')
    t.equal(await readFile(here('target'), 'utf8'), 'new\n')
  })

  await t.test('rename of directories, and what it refuses', async (t) => {
    await vm.sh('cd /mnt && mkdir -p a/b c && touch c/full && mv a/b c/moved && test -d c/moved')
    const into = await vm.run('cd /mnt && mkdir -p e && mv -T e c')
    t.match(into.stderr.toString(), /Directory not empty|File exists/)
    const below = await vm.run('cd /mnt && mkdir -p p/q && mv p p/q/r')
    t.match(below.stderr.toString(), /subdirectory of itself|Invalid argument/)
    const remove = await vm.run('rmdir /mnt/c')
    t.match(remove.stderr.toString(), /Directory not empty/)
  })

  await t.test('hard links', async (t) => {
    await vm.sh('cd /mnt && echo shared > link-a && ln link-a link-b && echo more >> link-b')
    const [a, b] = await Promise.all([stat(here('link-a')), stat(here('link-b'))])
    t.equal(a.ino, b.ino)
    t.equal(a.nlink, 2)
    t.equal(await vm.sh('stat -c "%i %h" /mnt/link-a'), `${a.ino} 2`)
    t.equal(await vm.sh('rm /mnt/link-a && cat /mnt/link-b && stat -c %h /mnt/link-b'), 'shared\nmore\n1')
    t.match((await vm.run('ln /mnt/c /mnt/link-c')).stderr.toString(), /not allowed for directory/)
  })

  await t.test('symbolic links', async (t) => {
    const long = `${'x/'.repeat(2000)}end`
    await vm.sh(`cd /mnt && ln -s ../outside/of/all dangling && ln -s target to-target && ln -s ${long} long`)
    t.equal(await readlink(here('dangling')), '../outside/of/all')
    t.equal(await readlink(here('long')), long)
    t.equal(await vm.sh('cat /mnt/to-target && readlink /mnt/dangling'), 'new\n../outside/of/all')
    t.equal(await vm.sh('readlink /mnt/long'), long)
  })

  await t.test('fifos and devices', async (t) => {
    await vm.sh('cd /mnt && mkfifo fifo && mknod null c 1 3 && mknod disk b 259 70000 && chmod 666 null')
    t.equal(
      await vm.sh('cd /mnt && (echo through > fifo &) && cat fifo'),
      'through',
      'a fifo works in the VM',
    )
    t.equal(await vm.sh('echo away > /mnt/null && wc -c < /mnt/null'), '0', 'so does a device')
    t.equal(
      await vm.sh('stat -c "%F %t %T" /mnt/null /mnt/disk'),
      'character special file 1 3\nblock special file 103 11170',
    )
    const host = await command('stat', ['-c', '%F %t %T', here('fifo'), here('null'), here('disk')])
    t.equal(host, 'fifo 0 0\ncharacter special file 1 3\nblock special file 103 11170\n')
    await command('rm', [here('null'), here('disk')])
  })

  await t.test('times to the nanosecond', async (t) => {
    await vm.sh('touch -d "2001-02-03 04:05:06.123456789Z" /mnt/timed && touch -a -d @1.000000001 /mnt/timed')
    const { mtimeNs, atimeNs } = await lstat(here('timed'), { bigint: true })
    t.equal(mtimeNs, 981173106123456789n)
    t.equal(atimeNs, 1000000001n)
    t.equal(await vm.sh('stat -c "%.9X %.9Y" /mnt/timed'), '1.000000001 981173106.123456789')
  })
})

t.test('a mount point inside the export is a file system of its own', async (t) => {
  const scope = new RunScope()
  t.teardown(() => scope.close())
  const exportDirectory = join(scope.directory, 'outer')
  const inner = join(exportDirectory, 'inner')
  await mkdir(inner, { recursive: true })
  await command('mount', ['-t', 'tmpfs', 'none', inner])
  await writeFile(join(inner, 'file'), 'inside\n')
  await writeFile(join(exportDirectory, 'file'), 'outside\n')
  const machine = await OneMachine.start({ exportDirectory }, scope)
  const vm = await machine.mountedVm()

  t.equal(await vm.sh('cat /mnt/inner/file'), 'inside')
  const [outside, inside] = (await vm.sh('stat -c %d /mnt/file /mnt/inner/file')).split('\n')
  t.not(outside, inside, 'another device number')
  const { exitCode, stderr } = await vm.run('ln /mnt/file /mnt/inner/link')
  t.not(exitCode, 0)
  t.match(stderr.toString(), /Invalid cross-device link/)
  t.equal(await vm.sh('mv /mnt/file /mnt/inner/moved && cat /mnt/inner/moved'), 'outside', 'mv copies')
  await vm.sh('umount /mnt/inner; umount /mnt')
})

async function sparseFile(t: Test, vm: Vm, path: string): Promise<void> {
  const end = 5 * 1024 ** 3
  const text = 'behind four gibibytes'
  await vm.sh(
    `cd /mnt && printf start > sparse && printf '${text}' | dd of=sparse bs=1M seek=5120 conv=notrunc 2> /dev/null`,
  )
  const { size, blocks } = await stat(path)
  t.equal(size, end + text.length)
  t.ok(blocks * 512 < 1024 ** 2, 'the hole takes no space')
  t.equal(await vm.sh('stat -c %s /mnt/sparse'), String(size))
  t.equal(await vm.sh(`tail -c ${text.length} /mnt/sparse`), text)
  const middle = 'dd if=/mnt/sparse bs=1M skip=4096 count=2 2> /dev/null | tr -d "\\0" | wc -c'
  t.equal(await vm.sh(middle), '0', 'the hole reads as zeros')
  t.equal(await vm.sh(`truncate -s ${2 ** 33} /mnt/sparse && stat -c %s /mnt/sparse`), String(2 ** 33))
  t.equal((await stat(path)).size, 2 ** 33)
}
