/** The rules of the house that no linter knows: see "Where things go" in ARCHITECTURE.md. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..', '..')
const linesMax = 500

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const sources = files.filter((file) => /\.(ts|rs)$/.test(file) && !file.includes('/generated/'))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** Which folder may not import from which: dependencies point one way, protocol to file system. */
const forbidden: readonly { readonly from: RegExp; readonly to: RegExp; readonly why: string }[] = [
  {
    from: /^nfs-server\/xdr\//,
    to: /^nfs-server\/(rpc|programs|vfs)\/|^native\//,
    why: 'xdr is below everything',
  },
  { from: /^nfs-server\/rpc\//, to: /^nfs-server\/(vfs|programs)\//, why: 'rpc knows no file system' },
  {
    from: /^nfs-server\/programs\/nfs3\//,
    to: /^nfs-server\/rpc\/(connection|listener|udp)|^native\//,
    why: 'procedures never touch sockets or the addon',
  },
  {
    from: /^nfs-server\/vfs\//,
    to: /^nfs-server\/(rpc|programs)\//,
    why: 'a Vfs does not know who calls it',
  },
  {
    from: /^nfs-server\/(?!vfs\/native-|side-channel\/native-|rpc\/(listener|native-stream)|server)/,
    to: /^native\//,
    why: 'few files import the addon',
  },
  { from: /^nfs-server\//, to: /^(fsva-client|test|bench)\//, why: 'the server stands alone' },
]

t.test(`no source file is longer than ${linesMax} lines`, async (t) => {
  const long = sources.filter((file) => read(file).split('\n').length > linesMax)
  t.same(long, [], 'a file that grows past this is two concepts')
})

t.test('no utils, helpers or index files', async (t) => {
  const vague = sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc|index)\.(ts|rs)$/.test(file))
  t.same(vague, [])
})

t.test('dependencies point one way', async (t) => {
  const wrong: string[] = []
  for (const file of sources.filter((name) => name.endsWith('.ts'))) {
    for (const match of read(file).matchAll(/from '(\.[^']+)'/g)) {
      const target = relative(root, join(root, dirname(file), match[1]!))
      for (const rule of forbidden) {
        if (rule.from.test(file) && rule.to.test(target)) wrong.push(`${file} imports ${target}: ${rule.why}`)
      }
    }
  }
  t.same(wrong, [])
})

t.test('every file that the documents name exists', async (t) => {
  const missing: string[] = []
  for (const document of ['ARCHITECTURE.md', 'README.md'].filter((name) => existsSync(join(root, name)))) {
    for (const match of read(document).matchAll(
      /`([\w.-]+(?:\/[\w.-]+)+\.(?:ts|rs|x|md|yaml|service|js|mjs))`/g,
    )) {
      if (!existsSync(join(root, match[1]!))) missing.push(`${document}: ${match[1]}`)
    }
  }
  t.same(missing, [])
})
