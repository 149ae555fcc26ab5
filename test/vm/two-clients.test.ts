import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

t.test('two user VMs on one export', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const [one, two] = await Promise.all([
    machine.mountedVm({ memoryMiB: 512 }),
    machine.mountedVm({ memoryMiB: 512 }),
  ])
  t.not(one.address, two.address)

  await t.test('close-to-open: what one has closed the other opens', async (t) => {
    await one.sh('echo first > /mnt/note')
    t.equal(await two.sh('cat /mnt/note'), 'first')
    for (let round = 0; round < 5; round++) {
      const [writer, reader] = round % 2 === 0 ? [two, one] : [one, two]
      await writer.sh(`echo round ${round} of ${'x'.repeat(round)} >> /mnt/note`)
      t.match(await reader.sh('tail -1 /mnt/note'), `round ${round} of`)
    }
  })

  await t.test('O_EXCL has one winner among machines', async (t) => {
    await one.sh('mkdir /mnt/race')
    const race = 'fsva-exclusive-create /mnt/race 100'
    const [first, second] = await Promise.all([one.sh(race), two.sh(race)])
    const numbers = `${first}\n${second}`.trim().split('\n').map(Number)
    t.same(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, number) => number),
    )
  })

  await t.test('names come and go', async (t) => {
    await one.sh('mkdir /mnt/dir && touch /mnt/dir/a /mnt/dir/b')
    await two.sh('mv /mnt/dir/a /mnt/dir/c && rm /mnt/dir/b')
    // Directory contents are cached for as long as attributes: 30 s at least, unless opened anew after a change.
    t.equal(await one.sh('sleep 3; ls /mnt/dir'), 'c')
    const stale = await one.run('cat /mnt/dir/c /mnt/dir/b')
    t.match(stale.stderr.toString(), /No such file or directory/)
  })

  await t.test('a file removed by one while the other has it open', async (t) => {
    await one.sh('seq 100000 > /mnt/shared')
    const reading = two.run('exec 3</mnt/shared; read line <&3; touch /tmp/open; sleep 2; wc -l <&3')
    await two.sh('until test -e /tmp/open; do sleep 0.1; done')
    await one.sh('rm /mnt/shared')
    const { stdout, stderr } = await reading
    t.match(stdout.toString() + stderr.toString(), /99999|Stale file handle/)
    t.equal(await one.sh('echo goes on'), 'goes on')
  })

  await t.test('what the server changes itself is seen', async (t) => {
    await one.sh('echo from a client > /mnt/local')
    await writeFile(join(machine.exportDirectory, 'local'), 'from the server itself\n')
    t.equal(await two.sh('cat /mnt/local'), 'from the server itself')
    t.equal(await one.sh('cat /mnt/local'), 'from the server itself')
  })
})
