/** fsva-client with the real mount(8) and kernel, in a user VM. */
import t from 'tap'
import { TwoVms } from './two-vms.ts'

t.setTimeout(600_000)

t.test('mount, work, umount; and what cannot be mounted is explained', async (t) => {
  const layout = await TwoVms.start({ fileSystem: 'ext4' })
  t.teardown(() => layout.close())
  const { address } = layout.fsva
  const vm = await layout.userVm({ fsvaClient: true })
  const client = async (args: string) => {
    const { exitCode, stdout, stderr } = await vm.run(`exec fsva-client ${args}`)
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
  }
  const server = layout.target()

  t.match(await client(`doctor ${server}`), { exitCode: 0, stdout: /^ok +verdict/m })
  const mounted = await client(`mount ${server} /mnt`)
  t.match(mounted, { exitCode: 0, stdout: /^mount -t nfs -o vers=3,proto=tcp,/ }, mounted.stderr)
  t.match(await vm.sh('grep " /mnt nfs " /proc/mounts'), /vers=3,.*proto=tcp,/)
  await vm.sh('echo hello > /mnt/file')
  t.equal(await layout.onServer('cat /export/file'), 'hello')

  t.match(await client(`mount ${server} /mnt`), {
    exitCode: 8,
    stderr: /\/mnt is a mount point already: .*:\/export \(nfs\)/,
  })
  t.match(await client(`mount ${address}:/none /root`), {
    exitCode: 4,
    stderr: /the server does not export \/none\n.*it exports \/export/,
  })
  t.match(await client('umount /mnt'), { exitCode: 0 })

  // The channel is optional: here there is neither memory for it nor anybody at its other end.
  const isMounted = async () => (await vm.run('grep -q " /mnt nfs " /proc/mounts')).exitCode === 0
  t.match(await client(`mount --side-channel ${server} /mnt`), {
    exitCode: 0,
    stdout: /^NFS goes on alone: there is no shared memory.*\nmount -t nfs /,
  })
  t.match(await client('stats /mnt'), { exitCode: 9, stderr: /has no agent/ })
  t.match(await client('umount /mnt'), { exitCode: 0 })
  const nobody = '--socket /run/nobody'
  t.match(await client(`mount --require-side-channel ${nobody} ${server} /mnt`), {
    exitCode: 9,
    stderr: /no side channel yet: nobody listens at \/run\/nobody/,
  })
  t.equal(await isMounted(), false)
  t.match(await client(`mount --side-channel ${nobody} ${server} /mnt`), {
    exitCode: 0,
    stdout: /mount -t nfs .*\nNFS goes on alone: the channel is down/,
  })
  t.match(await client('stats /mnt'), { exitCode: 0, stdout: /^channel +down: /m })
  await vm.sh('exec 3< /mnt/file; fsva-client umount /mnt && exit 1; echo $? | grep -q 8')
  t.equal(await isMounted(), true, 'it is in use')
  t.match(await client('stats /mnt'), { exitCode: 0 }, 'and its agent is there again')
  t.match(await client('umount /mnt'), { exitCode: 0 })
  t.match(await client('stats /mnt'), { exitCode: 9 })
  t.equal(await vm.sh('pgrep -f "fsva-client.js agent" || true'), '', 'the agent has ended with the mount')
  await layout.fsva.stopServer()
  t.match(await client(`mount ${server} /mnt`), { exitCode: 3, stderr: /nothing listens there/ })
})
