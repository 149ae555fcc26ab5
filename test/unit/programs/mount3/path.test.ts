import t from 'tap'
import { defaultExportOptions } from '../../../../nfs-server/exports.ts'
import { findExport, joinPath, splitPath } from '../../../../nfs-server/programs/mount3/path.ts'

const exports = ['/srv', '/srv/deep/er', '/srv/é', '/'].map((path) => ({ ...defaultExportOptions, path }))

function find(path: string | Uint8Array, among = exports): [string, string] | undefined {
  const components = splitPath(typeof path === 'string' ? Buffer.from(path) : path)
  const match = components && findExport(among, components)
  return match && [match.export.path, Buffer.from(joinPath(match.below)).toString('latin1')]
}

t.test('the deepest export that contains the path', async (t) => {
  t.same(find('/srv'), ['/srv', ''])
  t.same(find('/srv/a/b'), ['/srv', 'a/b'])
  t.same(find('/srv/deep'), ['/srv', 'deep'])
  t.same(find('/srv/deep/er'), ['/srv/deep/er', ''])
  t.same(find('/srv/deep/er/x'), ['/srv/deep/er', 'x'])
  t.same(find('/srvx'), ['/', 'srvx'], 'whole components only')
  t.same(find('/'), ['/', ''])
  t.equal(find('/etc', exports.slice(0, 3)), undefined)
})

t.test('superfluous slashes and dots', async (t) => {
  for (const path of ['/srv/', '//srv', '/srv//', '/./srv/.', '/srv/./'])
    t.same(find(path), ['/srv', ''], path)
  t.same(find('/srv//a///b/'), ['/srv', 'a/b'])
})

t.test('".." is left to the file system, which knows what it is', async (t) => {
  t.same(find('/srv/../etc'), ['/srv', '../etc'])
  t.same(find('/srv/...'), ['/srv', '...'])
})

t.test('bytes that are not UTF-8 pass unchanged', async (t) => {
  const odd = Buffer.from([0xff, 0xfe, 0x80, 0xc3])
  const components = splitPath(Buffer.concat([Buffer.from('/srv/'), odd, Buffer.from('/x')]))!
  t.same(joinPath(findExport(exports, components)!.below), Buffer.concat([odd, Buffer.from('/x')]))
  t.same(find('/srv/é/x'), ['/srv/é', 'x'], 'names of exports are compared as UTF-8')
  t.same(find(Buffer.from('/srv/\xe9/x', 'latin1')), ['/srv', '\xe9/x'])
})

t.test('a relative path is in no export', async (t) => {
  for (const path of ['', 'srv', './srv']) t.equal(find(path), undefined)
})
