import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { exists, locked } from './cache.ts'
import { command } from './command.ts'
import { createNetwork } from './network.ts'
import { isAlive, ownIdentity } from './process-identity.ts'
import { RunScope } from './run-scope.ts'
import { Vm } from './user-vm.ts'

t.setTimeout(800_000)

t.test('scripts in a VM', async (t) => {
  const scope = new RunScope()
  t.teardown(() => scope.close())
  const network = createNetwork(scope)
  const vm = await Vm.boot(scope, { name: 'vm', attachment: network.attach(), inside: network.inside })

  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const echoed = await vm.run('cat; echo complaint >&2; exit 3', { input: all })
  t.same(echoed.stdout, all, 'every byte passes')
  t.equal(echoed.stderr.toString(), 'complaint\n')
  t.equal(echoed.exitCode, 3)
  t.equal(
    await vm.sh('id -u; id -g; id -G', { uid: 1000, gid: 1001, groups: [2000] }),
    '1000\n1001\n1001 2000',
  )
  const many = await Promise.all([1, 2, 3, 4, 5].map((n) => vm.sh(`sleep 0.${n}; echo ${n}`)))
  t.same(many, ['1', '2', '3', '4', '5'], 'several at once')
  t.equal((await vm.run('head -c 20000000 /dev/zero')).stdout.length, 20_000_000)
  await t.rejects(vm.sh('echo wrong >&2; false'), /exit code 1.*wrong/s)
  await t.rejects(vm.run('sleep 60', { timeoutMs: 500 }), /no end after 500 ms: sleep 60/)
  const waiting = vm.run('sleep 60')
  await vm.powerOff()
  await t.rejects(waiting, /SIGKILL/, 'a VM that ends takes its runs along')
})

t.test('a run leaves nothing behind', async (t) => {
  const scope = new RunScope()
  createNetwork(scope)
  t.ok(await exists(scope.directory))
  scope.close()
  t.notOk(await exists(scope.directory))
  t.notOk(existsSync(`/run/netns/${scope.name}`))
})

t.test('the next run removes what a killed one left', async (t) => {
  const script = `import { RunScope } from ${JSON.stringify(join(import.meta.dirname, 'run-scope.ts'))}
    import { createNetwork } from ${JSON.stringify(join(import.meta.dirname, 'network.ts'))}
    const scope = new RunScope()
    createNetwork(scope)
    process.stdout.write(scope.name, () => process.kill(process.pid, 'SIGKILL'))`
  const node = `${process.execPath} --input-type=module -e "$0" || true`
  const name = await command('sh', ['-c', node, script])
  const directory = join(tmpdir(), name.replace('fsva-', 'fsva-vm-'))
  t.ok(existsSync(directory))
  new RunScope().close()
  t.notOk(existsSync(directory))
  t.notOk(existsSync(`/run/netns/${name}`))
})

t.test('who is alive', async (t) => {
  t.ok(isAlive(ownIdentity))
  t.notOk(isAlive(`${process.pid}-1`), 'the same pid, started at another time')
})

t.test('one at a time holds a lock', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'fsva-lock-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const order: string[] = []
  const work = (name: string) =>
    locked(join(directory, 'lock'), async () => {
      order.push(`${name} in`)
      await writeFile(join(directory, 'busy'), name, { flag: 'wx' })
      await rm(join(directory, 'busy'))
      order.push(`${name} out`)
    })
  await Promise.all([work('a'), work('b'), work('c')])
  t.equal(order.length, 6)
  for (let index = 0; index < 6; index += 2) t.equal(order[index]!.slice(0, 1), order[index + 1]!.slice(0, 1))
})
