import { onEveryBackEndAndFuse, type Stage } from '../../fixtures/back-ends.ts'
import {
  bytesWithEverything,
  directoryBytes,
  listAll,
  listAllPlus,
  nameOf,
  readdirplusBytes,
} from '../../fixtures/listing.ts'
import { attributesOf, failed, made, ok, statusOf, withoutAtime } from '../../fixtures/nfs-client.ts'

async function fill({ root, dir }: Stage, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `file-${'x'.repeat(index % 7)}-${index}`)
  await Promise.all(names.map(async (name) => ok(await root.create(dir, name))))
  return names
}

onEveryBackEndAndFuse('READDIRPLUS', (behaviour) => {
  behaviour('has handle and attributes of the entries, as LOOKUP does', async (t, { root, dir }) => {
    ok(await root.create(dir, 'file', { mode: 0o640 }))
    ok(await root.mkdir(dir, 'child'))
    ok(await root.symlink(dir, 'link', 'nowhere'))
    ok(await root.mkfifo(dir, 'fifo'))
    const { reply, dir_attributes } = ok(await root.readdirplus(dir))
    t.equal(reply.eof, true)
    t.equal(reply.entries.length, 6)
    t.equal(dir_attributes?.type, 2)
    for (const entry of reply.entries) {
      const found = ok(await root.lookup(dir, entry.name))
      t.equal(entry.fileid, found.obj_attributes?.fileid, nameOf(entry))
      // Nobody needs them of "..", and a server may leave them out.
      if (nameOf(entry) === '..' && entry.name_handle === undefined) continue
      t.same(entry.name_handle?.data, found.object.data, nameOf(entry))
      t.same(withoutAtime(entry.name_attributes), withoutAtime(found.obj_attributes), nameOf(entry))
    }
  })

  behaviour(
    'has new attributes under every name of a file, whichever was changed',
    async (t, { root, dir }) => {
      const file = made(await root.create(dir, 'one', { mode: 0o640 }))
      ok(await root.link(file, dir, 'two'))
      for (const mode of [0o600, 0o644, 0o400]) {
        ok(await root.readdirplus(dir))
        ok(await root.setattr(file, { mode }))
        const { entries } = ok(await root.readdirplus(dir)).reply
        const both = entries.filter((entry) => ['one', 'two'].includes(nameOf(entry)))
        t.same(
          both.map((entry) => entry.name_attributes?.mode),
          [mode, mode],
        )
      }
    },
  )

  behaviour('of the export’s root keeps ".." inside', async (t, { root, exportRoot }) => {
    const entries = await listAllPlus(root, exportRoot)
    const above = entries.find((entry) => nameOf(entry) === '..')
    t.ok(above !== undefined)
    if (above?.name_handle !== undefined) t.same(above.name_handle.data, exportRoot)
  })

  behaviour('lists every name once, however small the replies', async (t, stage) => {
    const names = await fill(stage, 60)
    for (const [dircount, maxcount] of [
      [64, 4096],
      [4096, 400],
      [300, 1000],
      [8192, 32768],
    ] as const) {
      const entries = await listAllPlus(stage.root, stage.dir, dircount, maxcount)
      t.same(entries.map(nameOf).sort(), ['.', '..', ...names].sort(), `${dircount}, ${maxcount}`)
    }
  })

  behaviour('and READDIR have the same cookies', async (t, stage) => {
    await fill(stage, 30)
    const plain = await listAll(stage.root, stage.dir)
    const plus = await listAllPlus(stage.root, stage.dir)
    t.same(
      plus.map(({ cookie, fileid, name }) => ({ cookie, fileid, name: Buffer.from(name) })),
      plain.map(({ cookie, fileid, name }) => ({ cookie, fileid, name: Buffer.from(name) })),
    )
    const middle = plain[15]!.cookie
    const { reply } = ok(await stage.root.readdirplus(stage.dir, middle))
    t.same(reply.entries.map(nameOf), plain.slice(16).map(nameOf), 'a cookie of one is good for the other')
  })

  behaviour('never says more than maxcount allows, and uses it', async (t, stage) => {
    await fill(stage, 60)
    for (let maxcount = 400; maxcount < 2400; maxcount += 148) {
      const result = await stage.root.readdirplus(stage.dir, 0n, { dircount: 100_000, maxcount })
      t.ok(readdirplusBytes(result) <= maxcount)
      const bytes = bytesWithEverything(result, stage.dir.length)
      t.ok(bytes <= maxcount, `${bytes} bytes where ${maxcount} are allowed`)
      const next = ok(await stage.root.readdirplus(stage.dir, ok(result).reply.entries.at(-1)!.cookie))
      const entry = next.reply.entries[0]!
      const handleBytes = (stage.dir.length + 3) & ~3
      const nextBytes = 24 + ((entry.name.length + 3) & ~3) + 88 + 8 + handleBytes
      t.ok(bytes + nextBytes > maxcount, `one more entry of ${nextBytes} bytes would not have fit`)
    }
  })

  behaviour('never says more than dircount allows, and uses it', async (t, stage) => {
    await fill(stage, 60)
    for (let dircount = 64; dircount < 900; dircount += 52) {
      const { reply } = ok(await stage.root.readdirplus(stage.dir, 0n, { dircount, maxcount: 1 << 20 }))
      const bytes = directoryBytes(reply.entries)
      t.ok(bytes <= dircount, `${bytes} bytes where ${dircount} are allowed`)
      const next = ok(await stage.root.readdirplus(stage.dir, reply.entries.at(-1)!.cookie)).reply.entries
      const nextBytes = directoryBytes(next.slice(0, 1))
      t.ok(bytes + nextBytes > dircount, `one more entry of ${nextBytes} bytes would not have fit`)
    }
  })

  behaviour('is TOOSMALL where not one entry fits', async (t, { root, dir }) => {
    const entryBytes = 24 + 4 + 88 + 8 + ((dir.length + 3) & ~3)
    const bytes = 4 + 84 + 8 + 2 * entryBytes + 4 + 4
    t.ok(readdirplusBytes(await root.readdirplus(dir)) <= bytes)
    t.equal(ok(await root.readdirplus(dir, 0n, { dircount: 48, maxcount: bytes })).reply.eof, true)
    t.equal(ok(await root.readdirplus(dir, 0n, { dircount: 47, maxcount: bytes })).reply.entries.length, 1)
    t.equal(
      ok(await root.readdirplus(dir, 0n, { dircount: 48, maxcount: bytes - 1 })).reply.entries.length,
      1,
    )
    const { dir_attributes } = failed(
      await root.readdirplus(dir, 0n, { dircount: 23, maxcount: 4096 }),
      'NFS3ERR_TOOSMALL',
    )
    t.equal(dir_attributes?.type, 2)
    t.equal(statusOf(await root.readdirplus(dir, 0n, { dircount: 4096, maxcount: 104 })), 'NFS3ERR_TOOSMALL')
    t.equal(statusOf(await root.readdirplus(dir, 0n, { dircount: 0, maxcount: 0 })), 'NFS3ERR_TOOSMALL')
  })

  behaviour('of what is no directory is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    t.equal(statusOf(await root.readdirplus(file)), 'NFS3ERR_NOTDIR')
  })

  behaviour('needs permission to read', async (t, { alice, bob, dir }) => {
    const closed = made(await alice.mkdir(dir, 'closed', { mode: 0o711 }))
    t.equal(statusOf(await bob.readdirplus(closed)), 'NFS3ERR_ACCES')
    t.equal(statusOf(await alice.readdirplus(closed)), 'NFS3_OK')
  })

  behaviour('for those who may not search gives no handles of what is inside', async (t, stage) => {
    const { alice, bob, dir } = stage
    const open = made(await alice.mkdir(dir, 'open', { mode: 0o744 }))
    ok(await alice.create(open, 'file'))
    const { reply } = ok(await bob.readdirplus(open))
    const entry = reply.entries.find((one) => nameOf(one) === 'file')
    t.ok(entry !== undefined)
    t.equal(entry?.name_handle, undefined)
    t.equal(entry?.name_attributes, undefined)
  })

  behaviour('handles work', async (t, stage) => {
    const { root, dir } = stage
    await fill(stage, 10)
    for (const entry of await listAllPlus(root, dir)) {
      if (entry.name_handle === undefined && nameOf(entry) === '..') continue
      const { fileid } = await attributesOf(root, entry.name_handle!.data)
      t.equal(fileid, entry.fileid, nameOf(entry))
    }
  })

  behaviour('a megabyte of it at once', async (t, stage) => {
    const names = await fill(stage, 500)
    const maxcount = 1 << 20
    const result = await stage.root.readdirplus(stage.dir, 0n, { dircount: maxcount, maxcount })
    t.equal(ok(result).reply.entries.length, names.length + 2)
    t.equal(ok(result).reply.eof, true)
  })
})
