import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { SystemdNotifier } from '../../nfs-server/sd-notify.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-notify-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const told = join(directory, 'told')
const program = join(directory, 'systemd-notify')
writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`)
chmodSync(program, 0o755)
const path = `${directory}:${process.env.PATH}`

t.test('systemd is told if it asked to be', async (t) => {
  const notifier = new SystemdNotifier({ PATH: path, NOTIFY_SOCKET: '/run/n' })
  t.equal(await notifier.notify('--ready', '--status=Serving'), undefined)
  t.equal(readFileSync(told, 'utf8'), '/run/n --ready --status=Serving\n')
})

t.test('and nobody otherwise', async (t) => {
  rmSync(told, { force: true })
  t.equal(await new SystemdNotifier({ PATH: path }).notify('--ready'), undefined)
  t.throws(() => readFileSync(told))
})

t.test('what goes wrong is answered, not thrown', async (t) => {
  writeFileSync(program, '#!/bin/sh\nexit 3\n')
  const environment = { PATH: path, NOTIFY_SOCKET: '/run/n' }
  t.equal(await new SystemdNotifier(environment).notify('--ready'), 'systemd-notify exited with 3')
  const nowhere = { PATH: join(directory, 'none'), NOTIFY_SOCKET: '/run/n' }
  t.match(await new SystemdNotifier(nowhere).notify('--ready'), /ENOENT/)
})
