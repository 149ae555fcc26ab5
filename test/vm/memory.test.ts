/** The library's example, a file system in memory, mounted by a stock client. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { repositoryRoot } from './cache.ts'
import { createNetwork } from './network.ts'
import { RunScope } from './run-scope.ts'
import { Vm } from './user-vm.ts'

t.setTimeout(180_000)
// The example listens on loopback, which is where QEMU's user networking leads.
process.env.FSVA_VM_NETWORK = 'user'

t.test('a file system in memory through the stock client', async (t) => {
  const scope = new RunScope()
  t.teardown(() => scope.close())
  const network = createNetwork(scope)
  const example = join(repositoryRoot, 'nfs-server', 'examples', 'memory-server.ts')
  const server = spawn(process.execPath, [example, '0', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  scope.onClose(() => server.kill('SIGKILL'))
  const [line] = (await once(createInterface(server.stdout!), 'line')) as [string]
  const attachment = network.attach()
  const vm = await Vm.boot(scope, { name: 'user-vm', attachment, inside: network.inside })
  await vm.sh(line.replace('127.0.0.1:', `${network.serverAddress}:`))

  await t.test('files of all sizes keep their bytes', async (t) => {
    await vm.sh(
      'mkdir /mnt/sizes && for n in 0 1 4095 4096 4097 1048576 1048577; do head -c $n /dev/urandom > /tmp/$n; cp /tmp/$n /mnt/sizes/; done',
    )
    await vm.sh(
      'echo 3 > /proc/sys/vm/drop_caches; for n in 0 1 4095 4096 4097 1048576 1048577; do cmp /tmp/$n /mnt/sizes/$n; done',
    )
    await vm.sh('dd if=/dev/urandom of=/tmp/big bs=1M count=16 2>/dev/null && cp /tmp/big /mnt/big')
    await vm.sh('echo 3 > /proc/sys/vm/drop_caches; cmp /tmp/big /mnt/big && rm /mnt/big')
    t.equal(await vm.sh('ls /mnt/sizes | wc -l'), '7')
  })

  await t.test('a tree of many files is listed, moved and removed', async (t) => {
    await vm.sh(
      'mkdir /mnt/tree && cd /mnt/tree && for d in a b c d e; do mkdir $d; for f in $(seq 20); do echo $d$f > $d/f$f; done; done',
    )
    await vm.sh('echo 3 > /proc/sys/vm/drop_caches')
    t.equal(await vm.sh('find /mnt/tree -type f | wc -l'), '100')
    t.equal(await vm.sh('cat /mnt/tree/*/f* | sort -u | wc -l'), '100')
    await vm.sh('mv /mnt/tree/a /mnt/tree/b/ && cat /mnt/tree/b/a/f7 && rm -r /mnt/tree/c')
    t.equal(await vm.sh('find /mnt/tree -type f | wc -l'), '80')
    await vm.sh('rm -rf /mnt/tree')
    t.equal(await vm.sh('ls -A /mnt'), 'sizes')
  })

  await t.test('links, fifos, truncation, appending, exclusive creation', async (t) => {
    await vm.sh('cd /mnt && echo one > file && ln file second && ln -s file link && echo two >> second')
    t.equal(await vm.sh('cat /mnt/link; stat -c %h /mnt/file'), 'one\ntwo\n2')
    t.equal(await vm.sh('cd /mnt && mkfifo pipe && (echo through > pipe &) && cat pipe'), 'through')
    await vm.sh('cd /mnt && truncate -s 3 file && truncate -s 6 file')
    t.equal(await vm.sh('od -An -c /mnt/second | tr -d " "'), 'one\\0\\0\\0')
    t.match((await vm.run('set -C; echo x > /mnt/file')).stderr.toString(), /exists/)
    t.equal(await vm.sh('exec 3</mnt/file; rm /mnt/file /mnt/second; head -c 3 <&3'), 'one')
  })

  await t.test('permissions are the users’', async (t) => {
    await vm.sh('mkdir -m 1777 /mnt/tmp')
    await vm.sh('umask 077; echo secret > /mnt/tmp/mine', { uid: 1000 })
    t.equal(await vm.sh('stat -c "%a %u" /mnt/tmp/mine'), '600 1000')
    t.match((await vm.run('cat /mnt/tmp/mine', { uid: 1001 })).stderr.toString(), /Permission denied/)
    t.match((await vm.run('rm -f /mnt/tmp/mine', { uid: 1001 })).stderr.toString(), /not permitted|denied/)
    t.equal(await vm.sh('cat /mnt/tmp/mine', { uid: 1000 }), 'secret')
  })

  await t.test('df and a directory that changes while it is read', async (t) => {
    t.equal(await vm.sh("df -k /mnt | awk 'END { print $2 }'"), `${1 << 20}`)
    await vm.sh('mkdir /mnt/many && cd /mnt/many && seq 600 | xargs touch')
    await vm.sh('cd /mnt/many && rm -r $(seq 1 2 600)')
    t.equal(await vm.sh('ls /mnt/many | wc -l'), '300')
  })
})
