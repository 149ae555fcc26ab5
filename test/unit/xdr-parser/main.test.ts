import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const compiler = fileURLToPath(new URL('../../../nfs-server/xdr-parser/main.ts', import.meta.url))

const directory = await mkdtemp(join(tmpdir(), 'xdr-parser-'))
t.teardown(() => rm(directory, { recursive: true }))
const source = join(directory, 'a.x')
const generated = join(directory, 'generated', 'a.ts')

function run(...options: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...options], {
    cwd: directory,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

t.test('compiles, and knows fresh from stale and missing', async (t) => {
  await writeFile(source, 'const A = 1;\n')
  const missing = run('--check', source)
  t.equal(missing.status, 1)
  t.match(missing.stderr, /^generated\/a\.ts is missing: run npm run generate/)
  t.same(run(source), { status: 0, stdout: 'generated/a.ts written\n', stderr: '' })
  const text = await readFile(generated, 'utf8')
  t.equal(text, '// Generated from a.x by xdr-parser; do not edit.\n\nexport const A = 1\n')
  t.same(run(source), { status: 0, stdout: '', stderr: '' })
  t.same(run('--check', source), { status: 0, stdout: '', stderr: '' })
  await writeFile(source, 'const A = 2;\n')
  const stale = run('--check', source)
  t.equal(stale.status, 1)
  t.match(stale.stderr, /^generated\/a\.ts is stale/)
  t.equal(await readFile(generated, 'utf8'), text, '--check writes nothing')
})

t.test('a fault fails with its place and leaves the old file', async (t) => {
  await writeFile(source, 'const A = ;\n')
  const { status, stderr } = run(source)
  t.equal(status, 1)
  t.match(stderr, /^a\.x:1:11: expected the value of the constant/)
  t.match(await readFile(generated, 'utf8'), 'export const A = 1')
})

t.test('what is committed for the server is fresh', async (t) => {
  t.same(run('--check'), { status: 0, stdout: '', stderr: '' })
})

t.test('a stray option or file is an error', async (t) => {
  t.match(run('--chekc'), { status: 2, stderr: /^Unknown option '--chekc'.*\n\nusage: main\.ts/ })
  t.match(run('missing.x'), { status: 1, stderr: /^ENOENT: [^\n]*missing\.x'\n$/ })
  const help = run('--help')
  t.equal(help.status, 0)
  t.match(help.stdout, 'usage: main.ts')
})
