/** fsva-client with the real mount(8) and kernel: in the appliance VM, which has Node, against itself. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { installPackages } from '../fixtures/installed-packages.ts'
import { command } from './command.ts'
import { TwoVms } from './two-vms.ts'

t.setTimeout(240_000)

const directory = mkdtempSync(join(tmpdir(), 'fsva-client-vm-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const modules = join(directory, 'node_modules')
const archive = join(directory, 'client.tar')
installPackages(modules)
// commander lies here unless the client has a version of its own.
const parts = ['@fsva/client', '@fsva/nfs-server/package.json', '@fsva/nfs-server/nfs-server', 'commander']
await command('tar', ['-C', directory, '-chf', archive, ...parts.map((part) => `node_modules/${part}`)])

t.test('mount, work, umount; and what cannot be mounted is explained', async (t) => {
  const layout = await TwoVms.start({ fileSystem: 'ext4' })
  t.teardown(() => layout.close())
  const { vm, address } = layout.fsva
  await vm.sh('mkdir /client && tar -xf - -C /client', { input: readFileSync(archive) })
  const bin = '/client/node_modules/@fsva/client/fsva-client/bin/fsva-client.js'
  const client = async (args: string) => {
    const { exitCode, stdout, stderr } = await vm.run(
      `LD_LIBRARY_PATH=/node/lib exec /node/node ${bin} ${args}`,
    )
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
  }
  const server = `${address}:/export`

  t.match(await client(`doctor ${server}`), { exitCode: 0, stdout: /^ok +verdict/m })
  const mounted = await client(`mount ${server} /mnt`)
  t.match(mounted, { exitCode: 0, stdout: /^mount -t nfs -o vers=3,proto=tcp,/ }, mounted.stderr)
  t.match(await vm.sh('grep " /mnt nfs " /proc/mounts'), /vers=3,.*,nolock,proto=tcp,/)
  await vm.sh('echo hello > /mnt/file')
  t.equal(await vm.sh('cat /export/file'), 'hello')

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
