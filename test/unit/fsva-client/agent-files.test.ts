import { spawnSync } from 'node:child_process'
import t from 'tap'
import { agentFiles, agentUnit, instanceOf } from '../../../fsva-client/agent/agent-files.ts'

const paths = [
  '/',
  '/mnt',
  '/mnt/data',
  '/mnt/my-data',
  '/.hidden',
  '/a.b/.c',
  '/with space/\u00fc',
  '/a:b_c',
  '/x/',
]

for (const path of paths) {
  const escaped = spawnSync('systemd-escape', ['--path', path], { encoding: 'utf8' })
  const skip = escaped.error !== undefined && 'no systemd-escape'
  t.test(path, { skip }, async (t) => t.equal(instanceOf(path), escaped.stdout.trim()))
}

t.equal(agentUnit('/mnt/data'), 'fsva-agent@mnt-data.service')

const environment = { FSVA_RUNTIME_DIRECTORY: '/run/fsva' }
t.match(agentFiles('/mnt/data', environment), {
  control: '/run/fsva/agents/mnt-data.control',
  lock: '/run/fsva/agents/mnt-data.lock',
})
const deep = (last: string) => agentFiles(`/${'directory/'.repeat(20)}${last}`, environment).control
t.ok(deep('a').length < 108, "a socket's address is short")
t.not(deep('a'), deep('b'))
