import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { checkMachine, checkMountPoint, mountedAt } from '../../../fsva-client/local-checks.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-client-'))
t.teardown(() => rmSync(directory, { recursive: true }))

t.equal(checkMountPoint(directory), directory)
t.throws(() => checkMountPoint(join(directory, 'none')), {
  message: /does not exist/,
  advice: /mkdir -p/,
  exitCode: 8,
})
writeFileSync(join(directory, 'file'), '')
t.throws(() => checkMountPoint(join(directory, 'file')), { message: /is not a directory/, exitCode: 8 })
t.throws(() => checkMountPoint('/proc'), { message: /is a mount point already: proc \(proc\)/, exitCode: 8 })

t.match(mountedAt('/proc'), { type: 'proc' })
t.equal(mountedAt(directory), undefined)

t.throws(() => checkMachine(1000), { message: /takes root/, exitCode: 6 })
