import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { lockStateDirectory } from '../../nfs-server/state-directory-lock.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-state-'))
t.teardown(() => rmSync(directory, { recursive: true }))

t.test('one holder at a time', async (t) => {
  const state = join(directory, 'new', 'state')
  const lock = lockStateDirectory(state)
  t.equal(statSync(state).mode & 0o7777, 0o700, 'created for its owner alone')
  t.throws(() => lockStateDirectory(state), {
    message: new RegExp(`in use by another .*process ${process.pid}`),
  })
  lock.release()
  lockStateDirectory(state).release()
})

t.test('a lock file left behind locks nothing', async (t) => {
  writeFileSync(join(directory, 'lock'), '1\n')
  lockStateDirectory(directory).release()
  t.pass('taken over')
})

t.test('a place that cannot be', async (t) => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  t.throws(() => lockStateDirectory(join(file, 'state')), {
    message: /cannot use the state directory .*--state-dir/,
  })
})
