/** The agent of a user VM, by its commands: mount and channel together, and each of the two without the other. */
import t from 'tap'
import type { Figures } from '../../fsva-client/agent/control-protocol.ts'
import { devicePath } from './shared-memory.ts'
import { TwoVms } from './two-vms.ts'

t.setTimeout(900_000)

interface Stats {
  readonly status: { readonly channel: string; readonly pid: number }
  readonly channel: Figures
}

t.test('mount --side-channel', async (t) => {
  const layout = await TwoVms.start({ fileSystem: 'ext4', sharedMemory: { bytes: 64 << 20 } })
  t.teardown(() => layout.close())
  const vm = await layout.userVm({ fsvaClient: true })
  const client = async (args: string) => {
    const { exitCode, stdout, stderr } = await vm.run(`exec fsva-client ${args}`)
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
  }
  /** Undefined: there is no agent. */
  const stats = async () => {
    const { exitCode, stdout } = await client('stats /mnt --json')
    return exitCode === 0 ? (JSON.parse(stdout) as Stats) : undefined
  }
  const until = async (channel: string) => {
    for (;;) {
      if ((await stats())?.status.channel === channel) return
    }
  }
  const target = layout.target()
  await layout.onServer('head -c 3000000 /dev/urandom > /export/file')

  const mounted = await client(`mount --require-side-channel ${target} /mnt`)
  t.match(mounted, { exitCode: 0, stdout: /^mount -t nfs .*\nthe side channel is up; agent: process \d+\n$/ })
  if (mounted.exitCode !== 0) {
    t.comment(
      mounted.stderr,
      await vm.sh('cat /run/fsva/agents/*.log'),
      await layout.onServer('tail /run/nfsd.log'),
    )
    return
  }
  t.match(await client('ping -c 100 -i 0 -q'), {
    exitCode: 0,
    stdout: /^100 calls; min\/avg\/max\/p50\/p99 = /,
  })
  const sum = async (command: string) => (await vm.sh(`${command} | sha256sum`)).slice(0, 64)
  t.equal(
    await sum('fsva-client cat /mnt/file'),
    (await layout.onServer('sha256sum /export/file')).slice(0, 64),
  )
  const { status, channel } = (await stats())!
  t.match(channel, { bytesRead: 3_000_000, operations: { open: { calls: Number }, read: { calls: Number } } })
  t.comment((await client('stats')).stdout)

  // Without its agent it is a mount as any other.
  await vm.sh(`kill -KILL ${status.pid}`)
  await vm.sh('echo without > /mnt/other')
  t.equal(await layout.onServer('cat /export/other'), 'without')
  t.match(await client('stats /mnt'), { exitCode: 9 })
  const agent = `fsva-client agent /mnt --device ${devicePath} > /run/agent.log 2>&1 &`
  await vm.sh(agent)
  await until('up')

  await layout.fsva.stopServer('KILL')
  await until('down')
  await layout.fsva.startServer()
  await until('up')
  t.match(await client('ping -c 1'), { exitCode: 0 })
  t.equal(await vm.sh('cat /mnt/other'), 'without')

  t.match(await client('umount /mnt'), { exitCode: 0 })
  t.match(await client('stats'), { exitCode: 9, stderr: /no agent runs here/ })
})
