/** fsva-client with the real mount(8) and kernel, in a user VM. */
import t from 'tap'
import { TwoVms } from './two-vms.ts'

t.setTimeout(240_000)

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
  await layout.fsva.stopServer()
  t.match(await client(`mount ${server} /mnt`), { exitCode: 3, stderr: /nothing listens there/ })
})
