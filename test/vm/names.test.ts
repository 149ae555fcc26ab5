import { readdir } from 'node:fs/promises'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

t.test('names are bytes', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  const names = async () => {
    const found = await readdir(Buffer.from(machine.exportDirectory), { encoding: 'buffer' })
    return found.map((name) => name.toString('latin1')).sort()
  }

  await t.test('255 bytes, and not one more', async (t) => {
    const longest = 'n'.repeat(255)
    await vm.sh(
      `echo x > /mnt/${longest} && mv /mnt/${longest} /mnt/m${longest.slice(1)} && cat /mnt/m${longest.slice(1)}`,
    )
    t.same(await names(), [`m${longest.slice(1)}`])
    t.match((await vm.run(`echo x > /mnt/${longest}n`)).stderr.toString(), /File name too long/)
    t.match((await vm.run(`cat /mnt/${longest}n`)).stderr.toString(), /File name too long/)
    await vm.sh('rm /mnt/*')
  })

  await t.test('not UTF-8, control characters, spaces, a backslash, a leading dash', async (t) => {
    // Latin-1 text whose bytes are what the names hold; \xc3\x28 and \xff are not UTF-8.
    const odd = [
      '\xff\xfe',
      '\xc3(',
      'with space',
      'line\nbreak',
      '\x01\x7f',
      '-dash',
      'back\\slash',
      '...',
      '\xe9',
    ]
    const script = odd.map((name) => `printf %s found > '/mnt/${name}'`).join('\n')
    await vm.run(Buffer.from(script, 'latin1'))
    t.same(await names(), odd.toSorted())
    const { stdout } = await vm.run('cd /mnt && find . -type f -print0 | sort -z')
    const seen = stdout
      .toString('latin1')
      .split('\0')
      .filter(Boolean)
      .map((name) => name.slice(2))
    t.same(seen.toSorted(), odd.toSorted(), 'READDIR gives them back')
    await vm.sh('cd /mnt && find . -type f -delete')
    t.same(await names(), [])
  })

  await t.test('composed and decomposed letters are different names', async (t) => {
    await vm.sh('cd /mnt && echo composed > \u00e9 && echo decomposed > e\u0301')
    t.equal((await names()).length, 2)
    t.equal(await vm.sh('cat /mnt/\u00e9 /mnt/e\u0301'), 'composed\ndecomposed')
  })

  await t.test('a path of 4,000 bytes', async (t) => {
    const deep = Array.from({ length: 100 }, (_, depth) => `${'d'.repeat(35)}${depth}`).join('/')
    await vm.sh(`cd /mnt && mkdir -p ${deep} && echo deep > ${deep}/file && cat ${deep}/file && rm -r d*`)
    t.equal((await names()).length, 2)
  })
})
