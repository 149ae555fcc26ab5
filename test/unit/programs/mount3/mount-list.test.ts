import fc from 'fast-check'
import t from 'tap'
import { mountEntriesMax, mountEntriesPerAddressMax } from '../../../../nfs-server/programs/mount3/limits.ts'
import { MountList } from '../../../../nfs-server/programs/mount3/mount-list.ts'
import { formatRmtab, parseRmtab } from '../../../../nfs-server/programs/mount3/rmtab.ts'

const path = (text: string) => new Uint8Array(Buffer.from(text))
const shown = (list: MountList) =>
  list.entries().map(({ hostname, directory }) => `${hostname}:${Buffer.from(directory)}`)

t.test('entries come and go', async (t) => {
  let changes = 0
  const list = new MountList({ onChange: () => changes++ })
  list.add('a', path('/x'))
  list.add('a', path('/y'))
  list.add('b', path('/x'))
  list.add('a', path('/x'))
  t.same(shown(list), ['a:/x', 'a:/y', 'b:/x'])
  t.equal(changes, 3, 'what changes nothing is no change')
  list.remove('a', path('/x'))
  list.remove('a', path('/nowhere'))
  list.remove('nobody', path('/x'))
  t.same(shown(list), ['a:/y', 'b:/x'])
  list.removeAll('a')
  list.removeAll('a')
  t.same(shown(list), ['b:/x'])
  t.equal(list.size, 1)
  t.equal(changes, 5)
})

t.test('an entry keeps its path when the memory it came in is used again', async (t) => {
  const list = new MountList()
  const bytes = path('/x')
  list.add('a', bytes)
  bytes.fill(0)
  t.same(shown(list), ['a:/x'])
})

t.test('it is bounded, by client and altogether', async (t) => {
  const list = new MountList()
  list.add('victim', path('/x'))
  for (let i = 0; i < mountEntriesPerAddressMax * 3; i++) list.add('greedy', path(`/${i}`))
  t.equal(list.size, mountEntriesPerAddressMax + 1)
  t.ok(shown(list).includes('victim:/x'), 'one client does not push out another')
  t.ok(shown(list).includes(`greedy:/${mountEntriesPerAddressMax * 3 - 1}`), 'the newest stay')
  for (let i = 0; i < mountEntriesMax * 2; i++) list.add(`client${i}`, path('/x'))
  t.equal(list.size, mountEntriesMax)
  t.equal(list.entries().length, mountEntriesMax)
  t.ok(shown(list).includes(`client${mountEntriesMax * 2 - 1}:/x`))
})

t.test('the list as a file', async (t) => {
  const odd = new Uint8Array([0x2f, 0xff, 0x0a, 0x20, 0x5c, 0x41])
  const text = formatRmtab([
    { hostname: '192.0.2.1', directory: path('/srv/data') },
    { hostname: 'fe80::1', directory: odd },
  ])
  t.equal(text, '192.0.2.1:/srv/data\nfe80::1:/\\377\\012\\040\\134A\n')
  const nonsense = 'no path\n:/x\n\n'
  t.same(
    new MountList({ entries: parseRmtab(`${nonsense}${text}`) })
      .entries()
      .map(({ hostname, directory }) => [hostname, Buffer.from(directory)]),
    [
      ['192.0.2.1', Buffer.from('/srv/data')],
      ['fe80::1', Buffer.from(odd)],
    ],
  )
})

t.test('every path survives the file', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const directory = Buffer.concat([Buffer.from('/'), bytes])
      const [entry] = parseRmtab(formatRmtab([{ hostname: '::1', directory }]))
      return entry !== undefined && entry.hostname === '::1' && directory.equals(entry.directory)
    }),
  )
})
