import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { RunScope } from './run-scope.ts'
import { makeSourceTree } from './source-tree.ts'
import { TwoVms } from './two-vms.ts'
import { clientView, firstDifferences } from './view.ts'

t.setTimeout(800_000)
const files = 80
const timeoutMs = 400_000

for (const fileSystem of ['ext4', 'xfs', 'btrfs'] as const) {
  t.test(`an appliance VM with ${fileSystem}`, async (t) => {
    const layout = await TwoVms.start({ fileSystem })
    t.teardown(() => layout.close())
    const user = await layout.userVm()
    await user.sh(layout.mountCommand())
    t.match(await layout.onServer(`grep ' ${layout.exportDirectory} ' /proc/mounts`), fileSystem)

    await user.sh('mkdir /mnt/tree && tar -C /mnt/tree -xf -', { input: await packedTree(), timeoutMs })
    await user.sh(
      'cd /mnt/tree && ln tree/part-0/module-0/file-1.ts hard && mkfifo fifo && touch -d @1.5 fifo',
    )
    await user.sh(`umount /mnt && ${layout.mountCommand()}`)
    const client = await clientView(user, '/mnt/tree')
    const server = await clientView(layout.fsva.vm, `${layout.exportDirectory}/tree`)
    t.same(firstDifferences(client, server), [], 'the user VM sees what the appliance holds')
    t.ok(server.split('\n').length > 2 * files)

    const going = user.run(
      'exec 3>>/mnt/log; touch /tmp/open; until test -e /tmp/go; do sleep 0.1; done; echo on >&3',
    )
    await user.sh('until test -e /tmp/open; do sleep 0.1; done')
    await layout.fsva.stopServer('KILL')
    await layout.fsva.startServer()
    await user.sh('touch /tmp/go')
    t.equal((await going).exitCode, 0, 'a program goes on over a restart of the server')
    t.equal(await layout.onServer(`cat ${layout.exportDirectory}/log`), 'on')

    await user.sh('rm -r /mnt/tree /mnt/log', { timeoutMs })
    t.ok(((await layout.calls()).get('nfs.REMOVE') ?? 0) >= files, 'the server counted the calls')
  })
}

async function packedTree(): Promise<Buffer> {
  const scope = new RunScope()
  try {
    const tarPath = join(scope.directory, 'tree.tar')
    await makeSourceTree(join(scope.directory, 'made'), tarPath, files)
    return await readFile(tarPath)
  } finally {
    scope.close()
  }
}
