import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { checkExports, checkStateDirectory } from '../../../nfs-server/config/check-exports.ts'
import { defaultExportOptions, type ExportOptions } from '../../../nfs-server/exports.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-exports-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const a = join(directory, 'a')
const inner = join(a, 'inner')
const b = join(directory, 'b')
const file = join(directory, 'file')
const link = join(directory, 'link')
for (const path of [a, inner, b]) mkdirSync(path)
writeFileSync(file, '')
symlinkSync(a, link)

function check(...exports: Partial<ExportOptions>[]): string[] {
  const complete = exports.map((entry) => ({ ...defaultExportOptions, path: a, ...entry }))
  return checkExports(complete).map(
    ({ severity, index, field, message }) =>
      `${severity} ${index} ${field} ${message.replaceAll(directory, '')}`,
  )
}

t.same(check({ path: a }, { path: b }), [], 'two good exports')
t.same(check({ path: join(directory, 'none') }), ['error 0 path "/none" does not exist'])
t.same(check({ path: file }), ['error 0 path "/file" is not a directory'])
t.match(check({ path: `${a}/` }), [/^error 0 path .* must be written without .*: "\/a"$/])
t.match(check({ path: `${a}/../b` }), [/: "\/b"$/])
t.match(check({ path: `/${'x'.repeat(1024)}` }), [/longer than 1024 bytes/])
t.same(check({ path: '/' }), [], 'the root directory needs no other form')
t.same(check({ path: a }, { path: a }), [
  'error 1 path /a is exported twice: put its clients into one export',
])
t.same(check({ path: a }, { path: link }), ['error 1 path /link is the same directory as the export /a'])
t.match(check({ path: a }, { path: inner }), [/^warning 1 path \/a\/inner lies inside \/a: clients of \/a /])
t.match(check({ path: inner }, { path: a }), [/^warning 1 path \/a\/inner lies inside \/a: clients of \/a /])
t.match(check({ path: '/' }, { path: a }), [/^warning 1 path \/a lies inside \/: /])
t.same(check({ path: a, fsid: 3 }, { path: b, fsid: 3 }), [
  'error 1 fsid fsid 3 is already that of /a: every export needs its own',
])
t.same(check({ path: a, fsid: 3 }, { path: b, fsid: 4 }), [])
t.match(check({ path: a, sync: false }), [/^warning 0 sync \/a is async: /])

t.test('a state directory that clients can reach', async (t) => {
  const complete = [a, b].map((path) => ({ ...defaultExportOptions, path }))
  const warnings = (state: string) => checkStateDirectory(complete, state)
  t.same(warnings(join(directory, 'state')), [], 'beside the exports')
  t.same(warnings(join(directory, 'a-state')), [], 'a name that only begins like an export')
  t.match(warnings(join(a, 'not', 'yet', 'there')), [/lies inside the export .*\/a:/])
  t.match(warnings(inner), [/lies inside the export .*\/a:/])
  t.match(warnings(join(link, 'state')), [/lies inside the export .*\/a:/], 'by way of a symbolic link')
  t.match(warnings(b), [/lies inside the export .*\/b:/], 'the export itself')
})
