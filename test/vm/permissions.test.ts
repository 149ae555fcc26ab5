import { chmod, chown, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

const user = { uid: 1000 }
const other = { uid: 1001 }
const member = { uid: 1001, groups: [2000] }

t.test('permissions of an ordinary user', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  const here = (name: string) => join(machine.exportDirectory, name)

  await t.test("what a user creates is the user's", async (t) => {
    await vm.sh('cd /mnt && mkdir mine && echo secret > mine/file && chmod 700 mine', user)
    const { uid, gid } = await stat(here('mine/file'))
    t.same({ uid, gid }, { uid: 1000, gid: 1000 })
    t.match((await vm.run('cat /mnt/mine/file', other)).stderr.toString(), /Permission denied/)
    t.match((await vm.run('ls /mnt/mine', other)).stderr.toString(), /Permission denied/)
    t.equal(await vm.sh('cat /mnt/mine/file', user), 'secret')
    t.equal(await vm.sh('cat /mnt/mine/file'), 'secret', 'root may, without squashing')
  })

  await t.test('a file that was read by its owner is not open to others', async (t) => {
    await vm.sh('cd /mnt && echo private > cached && chmod 600 cached && cat cached', user)
    const { exitCode, stderr } = await vm.run('cat /mnt/cached', other)
    t.not(exitCode, 0)
    t.match(stderr.toString(), /Permission denied/)
    t.match((await vm.run('echo x >> /mnt/cached', other)).stderr.toString(), /Permission denied/)
  })

  await t.test('groups, supplementary ones too', async (t) => {
    await writeFile(here('shared'), 'for the team\n')
    await chown(here('shared'), 0, 2000)
    await chmod(here('shared'), 0o660)
    t.equal(await vm.sh('cat /mnt/shared', member), 'for the team')
    t.match((await vm.run('cat /mnt/shared', other)).stderr.toString(), /Permission denied/)
    await vm.sh('echo more >> /mnt/shared', member)
  })

  await t.test('the sticky bit, set-group-id directories, chown and chmod', async (t) => {
    t.match((await vm.run('rm -f /mnt/cached', other)).stderr.toString(), /Operation not permitted/)
    await vm.sh('mkdir /mnt/sgid && chgrp 2000 /mnt/sgid && chmod 2777 /mnt/sgid')
    await vm.sh('touch /mnt/sgid/inherits', user)
    t.equal((await stat(here('sgid/inherits'))).gid, 2000)
    t.match((await vm.run('chown 1001 /mnt/cached', user)).stderr.toString(), /Operation not permitted/)
    t.match((await vm.run('chmod 777 /mnt/cached', other)).stderr.toString(), /Operation not permitted/)
    await vm.sh('chown 1001:2000 /mnt/cached')
    const { uid, gid } = await stat(here('cached'))
    t.same({ uid, gid }, { uid: 1001, gid: 2000 })
  })

  await t.test('read-only for its owner: written through the descriptor that created it', async (t) => {
    await vm.sh('cd /mnt && umask 333 && exec 3> locked && seq 1000 >&3', user)
    t.equal((await stat(here('locked'))).mode & 0o777, 0o444)
    t.equal(await vm.sh('wc -l < /mnt/locked', user), '1000')
    t.match((await vm.run('echo x > /mnt/locked', user)).stderr.toString(), /Permission denied/)
  })

  await t.test('an executable that may not be read', async (t) => {
    await vm.sh('cp /usr/sbin/fsva-exclusive-create /mnt/run-only && chmod 111 /mnt/run-only')
    t.equal((await vm.run('/mnt/run-only', user)).exitCode, 2, 'runs and says how to use it')
    t.match((await vm.run('cat /mnt/run-only', user)).stderr.toString(), /Permission denied/)
  })

  await t.test('set-user-id is taken away when somebody else writes', async (t) => {
    await vm.sh('cd /mnt && echo x > suid && chmod 4777 suid')
    await vm.sh('echo y >> /mnt/suid', user)
    t.equal((await stat(here('suid'))).mode & 0o7000, 0)
  })
})

t.test('root of the client squashed', async (t) => {
  const machine = await OneMachine.start({ squash: 'root_squash' })
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  const here = (name: string) => join(machine.exportDirectory, name)
  await writeFile(here('root-only'), 'of the server\n', { mode: 0o600 })

  await vm.sh('echo by nobody > /mnt/file')
  const { uid, gid } = await stat(here('file'))
  t.same({ uid, gid }, { uid: 65534, gid: 65534 }, 'root writes as the anonymous user')
  t.match((await vm.run('cat /mnt/root-only')).stderr.toString(), /Permission denied/)
  t.match((await vm.run('chown 1000 /mnt/file')).stderr.toString(), /Operation not permitted/)
  t.match((await vm.run('mknod /mnt/device c 1 3')).stderr.toString(), /Operation not permitted/)
  t.match((await vm.run('rm -f /mnt/root-only')).stderr.toString(), /Operation not permitted/)
  await vm.sh('echo mine > /mnt/users', user)
  t.equal((await stat(here('users'))).uid, 1000, 'others are who they are')
})

t.test('everybody squashed', async (t) => {
  const machine = await OneMachine.start({
    squash: 'all_squash',
    arguments: ['--anonuid', '1001', '--anongid', '1001'],
  })
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  await vm.sh('echo x > /mnt/file', user)
  const { uid, gid } = await stat(join(machine.exportDirectory, 'file'))
  t.same({ uid, gid }, { uid: 1001, gid: 1001 })
})
