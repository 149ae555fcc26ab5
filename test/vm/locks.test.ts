import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { HeldLock } from './held-lock.ts'
import { OneMachine } from './one-machine.ts'
import type { Vm } from './user-vm.ts'

t.setTimeout(400_000)

/** A client that is not told tries again after 30 seconds: what is granted earlier was told. */
const toldMs = 25_000

async function twoVms(machine: OneMachine): Promise<[Vm, Vm]> {
  const boot = async () => {
    const vm = await machine.userVm({ memoryMiB: 512 })
    await vm.sh(machine.lockingMountCommand())
    return vm
  }
  return await Promise.all([boot(), boot()])
}

/** fsva-lock-range and flock on the server itself. */
async function localPrograms(machine: OneMachine) {
  const program = join(machine.scope.directory, 'lock-range')
  await command('gcc', ['-o', program, join(import.meta.dirname, 'programs', 'lock-range.c')])
  const local = (name: string) => join(machine.exportDirectory, name)
  return {
    range: (name: string, ...what: string[]) =>
      command(program, [local(name), ...what]).then(
        (output) => output.trim(),
        (error) => (/denied/.test(String(error)) ? 'denied' : `failed: ${error}`),
      ),
    mayFlock: (name: string, kind = '-x') =>
      command('flock', [kind, '-n', local(name), 'true']).then(
        () => true,
        () => false,
      ),
    /** Holds a lock until the answered function is called. */
    hold: async (name: string, ...what: string[]) => {
      const child = spawn(program, [local(name), ...what, 'stdin'], { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      return async () => {
        child.stdin.end()
        await once(child, 'exit')
      }
    },
    holdFlock: async (name: string) => {
      const child = spawn('flock', [local(name), 'sh', '-c', 'echo held; read line'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      return async () => {
        child.stdin.end()
        await once(child, 'exit')
      }
    },
  }
}

t.test('two user VMs and programs of the appliance', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const local = await localPrograms(machine)
  await writeFile(join(machine.exportDirectory, 'data'), 'x'.repeat(100))
  const [one, two] = await twoVms(machine)

  await t.test('locks are kept on the server', async (t) => {
    t.notMatch(await one.sh('grep " /mnt nfs" /proc/mounts'), /nolock|local_lock=(all|flock|posix)/)
  })

  await t.test('fcntl locks of ranges', async (t) => {
    const held = HeldLock.range(one, '/mnt/data', 'write 0 10')
    await held.isHeld()
    t.match(await two.sh('fsva-lock-range /mnt/data test 5 10'), /^held write 0 10/)
    const attempt = (what: string) => two.run(`fsva-lock-range /mnt/data ${what}`)
    t.equal((await attempt('write 9 1')).stdout.toString(), 'denied\n')
    t.equal((await attempt('read 0 0')).stdout.toString(), 'denied\n')
    t.equal((await attempt('write 10 10')).stdout.toString(), 'granted\n')
    t.equal(await local.range('data', 'write', '0', '10'), 'denied')
    t.equal(await local.range('data', 'write', '10', '10'), 'granted')
    t.equal(await local.mayFlock('data'), true, 'ranges and flock() are two things')
    t.equal((await held.release()).output, 'granted')
    t.equal(await two.sh('fsva-lock-range /mnt/data test 0 0'), 'free')
  })

  await t.test('two readers, no writer', async (t) => {
    const readers = [
      HeldLock.range(one, '/mnt/data', 'read 0 0'),
      HeldLock.range(two, '/mnt/data', 'read 0 0'),
    ]
    for (const reader of readers) await reader.isHeld()
    t.equal((await one.run('fsva-lock-range /mnt/data write 5 1')).stdout.toString(), 'denied\n')
    t.equal(await local.range('data', 'read', '5', '1'), 'granted')
    t.equal(await local.range('data', 'write', '5', '1'), 'denied')
    for (const reader of readers) t.equal((await reader.release()).output, 'granted')
  })

  await t.test('who waits is told', async (t) => {
    const first = HeldLock.range(one, '/mnt/data', 'write 0 10')
    await first.isHeld()
    const waiting = HeldLock.range(two, '/mnt/data', 'write-wait 0 10')
    await two.sh('sleep 1')
    t.equal(await waiting.hasHeard(), false)
    await first.release()
    await waiting.isHeld(toldMs)
    t.equal((await one.run('fsva-lock-range /mnt/data write 0 1')).stdout.toString(), 'denied\n')
    t.equal((await waiting.release()).output, 'granted')
  })

  await t.test('flock between the two and with the appliance', async (t) => {
    const held = HeldLock.flock(one, '/mnt/data')
    await held.isHeld()
    t.equal((await two.run('flock -n /mnt/data true')).exitCode, 1)
    t.equal(await local.mayFlock('data'), false)
    t.equal(await local.mayFlock('data', '-s'), false)
    const waiting = HeldLock.flock(two, '/mnt/data')
    await two.sh('sleep 1')
    t.equal(await waiting.hasHeard(), false)
    await held.release()
    await waiting.isHeld()
    t.equal(await local.mayFlock('data'), false)
    await waiting.release()
    t.equal(await local.mayFlock('data'), true)
  })

  await t.test('shared flock', async (t) => {
    const held = HeldLock.flock(one, '/mnt/data', '-s')
    await held.isHeld()
    t.equal((await two.run('flock -n -s /mnt/data true')).exitCode, 0)
    t.equal((await two.run('flock -n -x /mnt/data true')).exitCode, 1)
    t.equal(await local.mayFlock('data', '-s'), true)
    t.equal(await local.mayFlock('data', '-x'), false)
    await held.release()
  })

  await t.test("a program of the appliance holds it: the VM's program waits and gets it", async (t) => {
    const releaseFlock = await local.holdFlock('data')
    t.equal((await one.run('flock -n /mnt/data true')).exitCode, 1)
    const waiting = HeldLock.flock(one, '/mnt/data')
    await one.sh('sleep 1')
    t.equal(await waiting.hasHeard(), false)
    await releaseFlock()
    await waiting.isHeld()
    await waiting.release()

    const releaseRange = await local.hold('data', 'write', '20', '5')
    t.match(await one.sh('fsva-lock-range /mnt/data test 22 1'), /^held write 20 5/)
    const range = HeldLock.range(one, '/mnt/data', 'write-wait 24 1')
    await one.sh('sleep 1')
    t.equal(await range.hasHeard(), false)
    await releaseRange()
    await range.isHeld()
    t.equal((await range.release()).output, 'granted')
  })

  await t.test('who gives up waiting does not get it', async (t) => {
    const held = HeldLock.flock(one, '/mnt/data')
    await held.isHeld()
    t.not((await two.run('flock -w 2 /mnt/data true')).exitCode, 0)
    await held.release()
    t.equal((await one.run('flock -w 10 /mnt/data true')).exitCode, 0)
    t.equal(await local.mayFlock('data'), true)
  })

  await t.test('two that wait for each other: one hears of the deadlock', async (t) => {
    // Each takes one byte, then wants the other's.
    const program = (first: string, second: string) =>
      `(sleep 3; echo; sleep 8) | fsva-lock-range /mnt/data ${first} ${second} 6`
    const outputs = await Promise.all([
      one.run(program('write 0 1', 'write-wait 1 1')),
      two.run(program('write 1 1', 'write-wait 0 1')),
    ])
    const said = outputs.map(({ stdout }) => stdout.toString().split('\n').filter(Boolean))
    t.same(
      said.map((lines) => lines[0]),
      ['granted', 'granted'],
    )
    // Who hears of it lets go by ending, and the other one goes on.
    t.same(said.map((lines) => lines[1]).toSorted(), ['deadlock', 'granted'])
  })

  await t.test("mounted with nolock there is no conflict: the locks above were the server's", async (t) => {
    await one.sh(`mkdir -p /tmp/nolock && ${machine.mountCommand('', '/tmp/nolock', 'vers=3,nosharecache')}`)
    const held = HeldLock.flock(one, '/tmp/nolock/data')
    await held.isHeld()
    t.equal((await two.run('flock -n /mnt/data true')).exitCode, 0)
    t.equal(await local.mayFlock('data'), true)
    await held.release()
    await one.sh('umount /tmp/nolock')
  })

  await t.test('a client that says it has restarted has no locks any more', async (t) => {
    const held = HeldLock.flock(one, '/mnt/data')
    await held.isHeld()
    t.equal((await two.run('flock -n /mnt/data true')).exitCode, 1)
    await one.sh('sm-notify -f; sleep 1')
    t.equal((await two.run('flock -w 20 /mnt/data true')).exitCode, 0)
    await held.release()
  })
})

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  t.test(`the server ended by ${signal} while locks are held`, async (t) => {
    const machine = await OneMachine.start({ arguments: ['--grace-seconds', '12'] })
    t.teardown(() => machine.close())
    const local = await localPrograms(machine)
    await writeFile(join(machine.exportDirectory, 'data'), 'x'.repeat(100))
    await writeFile(join(machine.exportDirectory, 'whole'), '')
    const [one, two] = await twoVms(machine)
    const range = HeldLock.range(one, '/mnt/data', 'write 0 10')
    const whole = HeldLock.flock(one, '/mnt/whole')
    await Promise.all([range.isHeld(), whole.isHeld()])
    const waiting = HeldLock.range(two, '/mnt/data', 'write-wait 0 10')
    await two.sh('sleep 1')

    await machine.server.stop(signal)
    t.equal(await local.mayFlock('whole'), true, 'while the server is down the appliance could take it')
    await machine.server.start()
    // In the grace period these wait in the kernel; afterwards they hear that somebody else has the lock.
    const attempts = await Promise.all([
      two.run('fsva-lock-range /mnt/data write 5 1'),
      two.run('flock -n /mnt/whole true'),
    ])
    t.equal(attempts[0].stdout.toString(), 'denied\n')
    t.equal(attempts[1].exitCode, 1)
    t.equal(await local.range('data', 'write', '0', '1'), 'denied')
    t.equal(await local.mayFlock('whole'), false)
    t.equal(await waiting.hasHeard(), false)
    t.equal((await range.release()).output, 'granted')
    await whole.release()
    await waiting.isHeld()
    t.equal((await waiting.release()).output, 'granted')
    t.equal((await two.run('flock -w 20 /mnt/whole true')).exitCode, 0)
  })
}
