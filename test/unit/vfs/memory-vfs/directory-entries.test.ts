import fc from 'fast-check'
import t from 'tap'
import { DirectoryEntries } from '../../../../nfs-server/vfs/memory-vfs/directory-entries.ts'
import type { Inode } from '../../../../nfs-server/vfs/memory-vfs/inode.ts'

const inode = (fileid: bigint) => ({ fileid }) as Inode
const bytes = (name: string) => Buffer.from(name)

t.test('cookies stay valid whatever comes and goes', async (t) => {
  const change = fc.tuple(fc.constantFrom('add', 'remove'), fc.nat(30))
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), fc.nat(200), (changes, pause) => {
      const entries = new DirectoryEntries()
      const present = new Map<string, bigint>()
      const held = new Set<string>()
      let cookie = 0n
      changes.forEach(([kind, number], index) => {
        if (index === pause) {
          cookie = [...entries.after(0n)].at(present.size >> 1)?.cookie ?? 0n
          for (const entry of entries.after(cookie)) held.add(Buffer.from(entry.name).toString())
        }
        const name = `n${number}`
        if (kind === 'add' && !present.has(name)) {
          entries.add(bytes(name), inode(BigInt(index)))
          present.set(name, BigInt(index))
        } else if (kind === 'remove' && present.has(name)) {
          entries.remove(bytes(name))
          present.delete(name)
          held.delete(name)
        }
      })
      const after = [...entries.after(cookie)].map((entry) => Buffer.from(entry.name).toString())
      const all = [...entries.after(0n)]
      const ascending = all.every((entry, index) => index === 0 || entry.cookie > all[index - 1]!.cookie)
      return (
        [...held].every((name) => after.filter((one) => one === name).length === 1) &&
        all.length === present.size &&
        entries.size === present.size &&
        ascending &&
        all.every((entry) => entry.cookie > 2n)
      )
    }),
  )
  t.pass('for every sequence of changes tried')
})

t.test('a replaced name keeps its position', async (t) => {
  const entries = new DirectoryEntries()
  for (const name of ['a', 'b', 'c']) entries.add(bytes(name), inode(1n))
  entries.replace(bytes('b'), inode(2n))
  t.same(
    [...entries.after(0n)].map((entry) => [Buffer.from(entry.name).toString(), entry.inode.fileid]),
    [
      ['a', 1n],
      ['b', 2n],
      ['c', 1n],
    ],
  )
})

t.test('names are bytes and are copied', async (t) => {
  const entries = new DirectoryEntries()
  const name = Buffer.from([0xff, 0x80])
  entries.add(name, inode(1n))
  name[0] = 0x41
  t.equal(entries.get(Buffer.from([0xff, 0x80]))?.fileid, 1n)
  t.equal(entries.get(Buffer.from([0x41, 0x80])), undefined)
  t.same(Buffer.from([...entries.after(0n)][0]!.name), Buffer.from([0xff, 0x80]))
})
