import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { command } from './command.ts'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

t.test('a stock client mounts without port options', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const { exportDirectory, network } = machine
  await mkdir(join(exportDirectory, 'one', 'two'), { recursive: true })
  await writeFile(join(exportDirectory, 'one', 'two', 'note'), 'from the server\n')
  await writeFile(join(exportDirectory, 'one', 'file'), 'no directory\n')
  await chmod(join(exportDirectory, 'one'), 0o700)
  const vm = await machine.userVm()

  await t.test('version 4 is refused in a way that makes it fall back to 3', async (t) => {
    await vm.sh(machine.mountCommand())
    const mounts = await vm.sh('grep " /mnt nfs" /proc/mounts')
    t.match(mounts, /vers=3/)
    t.match(mounts, /rsize=1048576,wsize=1048576/)
    t.match(mounts, /proto=tcp/)
    await vm.sh('umount /mnt')
  })

  await t.test('a directory below the export, behind one that only root may enter', async (t) => {
    await vm.sh(machine.mountCommand('/one/two'))
    t.equal(await vm.sh('cat /mnt/note'), 'from the server')
    await vm.sh('umount /mnt')
  })

  await t.test('what cannot be mounted is refused at once, in words', async (t) => {
    // Without vers=3 the client reports the first version it tried, not the one it fell back to.
    const refused = async (below: string) => {
      const { exitCode, stderr } = await vm.run(machine.mountCommand(below, '/mnt', 'vers=3'))
      t.not(exitCode, 0)
      return stderr.toString()
    }
    t.match(await refused('/missing'), /No such file or directory/)
    t.match(await refused('/../../..'), /denied|No such file/)
    t.match(await refused('/one/file'), /[Nn]ot a directory/)
    t.not((await vm.run(machine.mountCommand('/missing'))).exitCode, 0)
  })

  await t.test('the two transports of MOUNT', async (t) => {
    for (const transport of ['tcp', 'udp']) {
      await vm.sh(machine.mountCommand('', '/mnt', `vers=3,mountproto=${transport}`))
      t.match(await vm.sh('grep " /mnt nfs" /proc/mounts; umount /mnt'), `mountproto=${transport}`)
    }
  })

  await t.test('showmount and rpcinfo', async (t) => {
    const listed = await vm.sh(`showmount -e ${network.serverAddress}`)
    t.match(listed, exportDirectory)
    const services = await vm.sh(`rpcinfo -p ${network.serverAddress}`)
    t.match(services, /100003\s+3\s+tcp\s+2049\s+nfs/)
    for (const transport of ['tcp', 'udp']) {
      t.match(services, new RegExp(`100005\\s+3\\s+${transport}\\s+20048\\s+mountd`))
      for (const version of [2, 3, 4])
        t.match(services, new RegExp(`100000\\s+${version}\\s+${transport}\\s+111`))
    }
    t.match(await vm.sh(`rpcinfo -s ${network.serverAddress}`), /100003/)
    t.match(await vm.sh(`rpcinfo -t ${network.serverAddress} 100003 3`), /ready and waiting/)
  })

  await t.test('showmount -a names the client until it unmounts', async (t) => {
    await vm.sh(machine.mountCommand())
    t.match(await vm.sh(`showmount -a ${network.serverAddress}`), vm.address)
    await vm.sh('umount /mnt')
    t.notMatch(await vm.sh(`showmount -a ${network.serverAddress}`), vm.address)
  })

  await t.test('df', async (t) => {
    await vm.sh(machine.mountCommand())
    // The client counts in units of its transfer size, 1 MiB, rounded up.
    const script = 'df -BM --output=size,itotal'
    const there = (await vm.sh(`${script} /mnt | tail -1`)).trim().split(/\s+/)
    const here = (await command('sh', ['-c', `${script} ${exportDirectory} | tail -1`])).trim().split(/\s+/)
    t.same(there, here, 'size and inodes of the real file system')
    await vm.sh('umount /mnt')
  })
})
