import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

t.test('ways of opening and writing a file', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  const here = (name: string) => join(machine.exportDirectory, name)
  const text = (name: string) => readFile(here(name), 'utf8')

  await t.test('O_EXCL: of many programs one creates each file', async (t) => {
    const count = 100
    const race = `mkdir /mnt/race && for program in 1 2 3 4; do fsva-exclusive-create /mnt/race ${count} & done; wait`
    const winners = (await vm.sh(race)).split('\n').map(Number)
    t.same(
      winners.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, number) => number),
    )
    const { mode, mtimeMs } = await stat(here('race/0'))
    t.equal(mode & 0o7777, 0o640, 'the mode that was asked for')
    t.ok(Math.abs(mtimeMs - Date.now()) < 600_000, 'the verifier does not stay behind as a time')
    t.match((await vm.run('fsva-exclusive-create /missing 1')).stderr.toString(), /No such file/)
  })

  await t.test('O_APPEND', async (t) => {
    await vm.sh(
      'cd /mnt && echo one > appended && echo two >> appended && exec 3>>appended && echo three >&3',
    )
    t.equal(await text('appended'), 'one\ntwo\nthree\n')
    const writers = 'for w in 1 2 3; do (for i in $(seq 50); do echo "$w $i" >> /mnt/log; done) & done; wait'
    await vm.sh(writers)
    const lines = (await text('log')).trim().split('\n')
    t.equal(new Set(lines).size, 150, 'programs of one VM do not overwrite each other')
  })

  await t.test('O_TRUNC', async (t) => {
    await vm.sh('cd /mnt && seq 100000 > trunc && echo short > trunc')
    t.equal(await text('trunc'), 'short\n')
  })

  await t.test('O_DIRECT', async (t) => {
    const write =
      'seq 200000 | head -c 1048576 > /tmp/in && dd if=/tmp/in of=/mnt/direct bs=64k oflag=direct 2> /dev/null'
    await vm.sh(
      `${write} && dd if=/mnt/direct of=/tmp/out bs=128k iflag=direct 2> /dev/null && cmp /tmp/in /tmp/out`,
    )
    const here = await readFile(join(machine.exportDirectory, 'direct'))
    t.equal(here.length, 1048576)
    t.ok(here.equals((await vm.run('cat /tmp/in')).stdout))
  })

  await t.test('O_SYNC', async (t) => {
    await vm.sh('seq 1000 | dd of=/mnt/synced bs=512 oflag=sync 2> /dev/null')
    t.equal((await text('synced')).split('\n').length, 1001)
  })

  await t.test('mmap', async (t) => {
    await vm.sh('head -c 20000 /dev/zero > /mnt/mapped')
    await vm.sh(
      'fsva-mmap-write /mnt/mapped 4090 across-a-page && fsva-mmap-write /mnt/mapped 9000 synced sync',
    )
    const mapped = await readFile(here('mapped'))
    t.equal(mapped.toString('latin1', 4090, 4103), 'across-a-page')
    t.equal(mapped.toString('latin1', 9000, 9006), 'synced')
    t.equal(mapped.length, 20000)
  })

  await t.test('truncate down and up', async (t) => {
    await vm.sh('printf 0123456789 > /mnt/cut && truncate -s 4 /mnt/cut')
    t.equal(await text('cut'), '0123')
    await vm.sh('truncate -s 8 /mnt/cut')
    t.equal(await text('cut'), '0123\0\0\0\0')
    t.equal(await vm.sh('truncate -s 0 /mnt/cut && wc -c < /mnt/cut'), '0')
  })

  await t.test('a file opened for reading and writing without permission bits', async (t) => {
    const script = 'umask 777; cd /mnt && exec 3> owned && echo written >&3 && exec 3>&- && stat -c %a owned'
    t.equal(await vm.sh(script, { uid: 1000 }), '0', 'the owner writes the file that it just created')
    t.equal(await text('owned'), 'written\n')
  })
})
