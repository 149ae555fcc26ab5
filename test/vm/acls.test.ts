import { execFileSync } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { OneMachine } from './one-machine.ts'

t.setTimeout(800_000)

const user = { uid: 1000 }
const other = { uid: 1001 }

t.test('getfacl and setfacl in the user VM', async (t) => {
  const machine = await OneMachine.start()
  t.teardown(() => machine.close())
  const vm = await machine.mountedVm()
  const here = (name: string) => join(machine.exportDirectory, name)
  /** The server's own getfacl. */
  const seen = (name: string) => oneLine(execFileSync('getfacl', ['-cnpE', here(name)], { encoding: 'utf8' }))
  const inVm = async (name: string) => oneLine(await vm.sh(`getfacl -cnpE /mnt/${name}`, user))
  const refused = async (script: string) => (await vm.run(script, other)).stderr.toString()

  await t.test('one more user of a file', async (t) => {
    await vm.sh('cd /mnt && echo text > file && chmod 600 file', user)
    t.match(await refused('cat /mnt/file'), /Permission denied/)
    await vm.sh('setfacl -m u:1001:rw /mnt/file', user)
    const wanted = 'user::rw-,user:1001:rw-,group::---,mask::rw-,other::---'
    t.equal(await inVm('file'), wanted)
    t.equal(seen('file'), wanted)
    await vm.sh('cat /mnt/file && echo more >> /mnt/file', other)
    t.match(await refused('setfacl -m u:1001:rwx /mnt/file'), /Operation not permitted/)

    await vm.sh('setfacl -b /mnt/file', user)
    t.equal(seen('file'), 'user::rw-,group::---,other::---')
    t.equal(await inVm('file'), 'user::rw-,group::---,other::---')
    t.match(await refused('cat /mnt/file'), /Permission denied/)
  })

  await t.test('what the server’s administrator sets is seen in the VM', async (t) => {
    await vm.sh('touch /mnt/by-server', user)
    execFileSync('setfacl', ['-m', 'g:2000:r', here('by-server')])
    t.equal(await inVm('by-server'), 'user::rw-,group::r--,group:2000:r--,mask::r--,other::r--')
  })

  await t.test(
    'a default ACL is inherited, with the mode that was asked for and without the umask',
    async (t) => {
      await vm.sh('mkdir /mnt/team && setfacl -d -m u:1001:rwx,g::rx,o::- /mnt/team', user)
      t.equal(
        seen('team')
          .split(',')
          .filter((entry) => entry.startsWith('default:'))
          .join(),
        defaults,
      )
      await vm.sh(
        'umask 077 && cd /mnt/team && touch file && mkdir below && touch below/file && echo > new',
        user,
      )
      for (const name of ['team/file', 'team/new', 'team/below/file']) {
        t.equal(seen(name), 'user::rw-,user:1001:rwx,group::r-x,mask::rw-,other::---', name)
        t.equal(await inVm(name), seen(name), `${name} as the VM has it`)
        t.equal((await stat(here(name))).mode & 0o777, 0o660, `${name}: the umask is for directories without`)
      }
      t.match(seen('team/below'), defaults)
      await vm.sh('echo by another >> /mnt/team/file', other)
      await vm.sh('fsva-exclusive-create /mnt/team/below 1 && getfacl -cnpE /mnt/team/below/*', user)

      await vm.sh('setfacl -k /mnt/team', user)
      await vm.sh('umask 077 && touch /mnt/team/afterwards', user)
      t.equal(seen('team/afterwards'), 'user::rw-,group::---,other::---', 'without one the umask counts')
    },
  )
})

const defaults =
  'default:user::rwx,default:user:1001:rwx,default:group::r-x,default:mask::rwx,default:other::---'

function oneLine(output: string): string {
  return output.trim().split('\n').join(',')
}
