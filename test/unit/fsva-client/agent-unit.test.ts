import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { agentUnit } from '../../../fsva-client/agent/agent-files.ts'
import { ExitCode } from '../../../fsva-client/exit-codes.ts'

const template = join(import.meta.dirname, '../../../fsva-client/systemd/fsva-agent@.service')
const unit = readFileSync(template, 'utf8')
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

t.test('systemd-analyze verify', { skip: !hasAnalyze && 'no systemd-analyze' }, async (t) => {
  const verify = (file: string) => spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
  t.match(verify(template), { status: 0, stderr: '' })
  const directory = t.testdir({})
  const instance = join(directory, agentUnit('/mnt/my data'))
  copyFileSync(template, instance)
  t.match(verify(instance), { status: 0, stderr: '' })
  const broken = join(directory, 'fsva-agent@broken.service')
  writeFileSync(broken, unit.replace('DevicePolicy=closed', 'DevicePolicy=nonsense'))
  t.match(verify(broken).stderr, /nonsense/, 'it would say so')
})

t.test('what is not tried again', async (t) => {
  const listed = /^RestartPreventExitStatus=(.*)$/m.exec(unit)?.[1]?.split(' ').map(Number)
  t.same(listed, [ExitCode.usage, ExitCode.notPermitted, ExitCode.mountPoint])
})
