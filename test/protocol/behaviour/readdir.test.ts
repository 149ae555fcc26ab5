import { onEveryBackEnd, type Stage } from '../../fixtures/back-ends.ts'
import { listAll, nameOf, readdirBytes } from '../../fixtures/listing.ts'
import { attributesOf, failed, made, ok, statusOf } from '../../fixtures/nfs-client.ts'

async function fill({ root, dir }: Stage, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `file-${'x'.repeat(index % 7)}-${index}`)
  await Promise.all(names.map(async (name) => ok(await root.create(dir, name))))
  return names
}

onEveryBackEnd('READDIR', (behaviour) => {
  behaviour('lists what is there, "." and ".." included, with the right fileids', async (t, stage) => {
    const { root, exportRoot, dir } = stage
    const file = made(await root.create(dir, 'file'))
    const child = made(await root.mkdir(dir, 'child'))
    const { reply, dir_attributes } = ok(await root.readdir(dir))
    t.equal(reply.eof, true)
    t.same(dir_attributes?.fileid, (await attributesOf(root, dir)).fileid)
    const found = new Map(reply.entries.map((entry) => [nameOf(entry), entry.fileid]))
    const expected = new Map([
      ['.', (await attributesOf(root, dir)).fileid],
      ['..', (await attributesOf(root, exportRoot)).fileid],
      ['file', (await attributesOf(root, file)).fileid],
      ['child', (await attributesOf(root, child)).fileid],
    ])
    t.same([...found].sort(), [...expected].sort())
  })

  behaviour('lists an empty directory as "." and ".."', async (t, { root, dir }) => {
    const { reply } = ok(await root.readdir(dir))
    t.same(reply.entries.map(nameOf).sort(), ['.', '..'])
    t.equal(reply.eof, true)
  })

  behaviour('lists every name once, however small the replies', async (t, stage) => {
    const names = await fill(stage, 60)
    for (const count of [160, 200, 512, 4096]) {
      const entries = await listAll(stage.root, stage.dir, count)
      t.same(entries.map(nameOf).sort(), ['.', '..', ...names].sort(), `count ${count}`)
    }
  })

  behaviour('gives cookies that are unique and not 0', async (t, stage) => {
    await fill(stage, 50)
    const cookies = (await listAll(stage.root, stage.dir, 300)).map(({ cookie }) => cookie)
    t.equal(new Set(cookies).size, cookies.length)
    t.notOk(cookies.includes(0n))
  })

  behaviour('goes on from any cookie, as often as wanted', async (t, stage) => {
    await fill(stage, 20)
    const all = (await listAll(stage.root, stage.dir)).map((entry) => ({ ...entry }))
    for (const [index, { cookie }] of all.entries()) {
      const { reply } = ok(await stage.root.readdir(stage.dir, cookie))
      t.same(reply.entries.map(nameOf), all.slice(index + 1).map(nameOf), `after entry ${index}`)
    }
  })

  behaviour('after the last cookie gives nothing and the end', async (t, { root, dir }) => {
    const { reply } = ok(await root.readdir(dir))
    const after = ok(await root.readdir(dir, reply.entries.at(-1)!.cookie)).reply
    t.same(after, { entries: [], eof: true })
  })

  behaviour('never says more than count allows, and uses it', async (t, stage) => {
    await fill(stage, 100)
    for (let count = 160; count < 800; count += 36) {
      const result = await stage.root.readdir(stage.dir, 0n, count)
      const bytes = readdirBytes(result)
      t.ok(bytes <= count, `${bytes} bytes where ${count} are allowed`)
      const next = ok(await stage.root.readdir(stage.dir, ok(result).reply.entries.at(-1)!.cookie))
      const nextEntry = 24 + ((next.reply.entries[0]!.name.length + 3) & ~3)
      t.ok(bytes + nextEntry > count, `one more entry of ${nextEntry} bytes would not have fit`)
    }
  })

  behaviour('fits exactly where it just fits, and is TOOSMALL a byte below', async (t, { root, dir }) => {
    const result = await root.readdir(dir)
    t.equal(ok(result).reply.entries.length, 2)
    const bytes = readdirBytes(result)
    t.equal(bytes, 4 + 84 + 8 + 2 * 28 + 4 + 4)
    t.equal(ok(await root.readdir(dir, 0n, bytes)).reply.eof, true)
    const shorter = ok(await root.readdir(dir, 0n, bytes - 1)).reply
    t.equal(shorter.entries.length, 1)
    t.equal(shorter.eof, false)
    t.equal(ok(await root.readdir(dir, 0n, bytes - 28)).reply.entries.length, 1)
    const { dir_attributes } = failed(await root.readdir(dir, 0n, bytes - 29), 'NFS3ERR_TOOSMALL')
    t.equal(dir_attributes?.type, 2)
    t.equal(statusOf(await root.readdir(dir, 0n, 0)), 'NFS3ERR_TOOSMALL')
  })

  behaviour('takes a count of 4 GiB for what it can use', async (t, stage) => {
    const names = await fill(stage, 30)
    const { reply } = ok(await stage.root.readdir(stage.dir, 0n, 0xffffffff))
    t.equal(reply.entries.length, names.length + 2)
  })

  behaviour('of what is no directory is NOTDIR', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    t.equal(statusOf(await root.readdir(file)), 'NFS3ERR_NOTDIR')
    const link = made(await root.symlink(dir, 'link', '.'))
    t.equal(statusOf(await root.readdir(link)), 'NFS3ERR_NOTDIR')
  })

  behaviour(
    'answers with the attributes after it: the access time that it has marked',
    async (t, { root, dir }) => {
      const [atime, mtime] = [1000, 2000].map((seconds) => ({ seconds, nseconds: 0 }))
      ok(await root.setattr(dir, { atime: atime!, mtime: mtime! }))
      const { dir_attributes } = ok(await root.readdir(dir))
      t.same(dir_attributes, await attributesOf(root, dir))
    },
  )

  behaviour('needs permission to read', async (t, { alice, bob, dir }) => {
    const closed = made(await alice.mkdir(dir, 'closed', { mode: 0o711 }))
    const { dir_attributes } = failed(await bob.readdir(closed), 'NFS3ERR_ACCES')
    t.equal(dir_attributes?.mode, 0o711)
    t.equal(statusOf(await alice.readdir(closed)), 'NFS3_OK')
  })

  behaviour('for those who may read but not search gives the names', async (t, { alice, bob, dir }) => {
    const open = made(await alice.mkdir(dir, 'open', { mode: 0o744 }))
    ok(await alice.create(open, 'file'))
    const { reply } = ok(await bob.readdir(open))
    t.ok(reply.entries.map(nameOf).includes('file'))
  })

  behaviour('lists names that are not UTF-8 as they are', async (t, { root, dir }) => {
    const name = Buffer.from([0xff, 0x80, 0xc0])
    ok(await root.create(dir, name))
    const { reply } = ok(await root.readdir(dir))
    t.ok(reply.entries.some((entry) => name.equals(entry.name)))
  })

  behaviour('after every entry was removed, a cookie is still good: rm -r', async (t, stage) => {
    const { root, dir } = stage
    const names = new Set(await fill(stage, 80))
    let cookie = 0n
    for (let eof = false; !eof; ) {
      const { reply } = ok(await root.readdir(dir, cookie, 400))
      for (const entry of reply.entries) {
        if (nameOf(entry) !== '.' && nameOf(entry) !== '..') {
          t.equal(statusOf(await root.remove(dir, entry.name)), 'NFS3_OK', nameOf(entry))
          names.delete(nameOf(entry))
        }
      }
      eof = reply.eof
      cookie = reply.entries.at(-1)?.cookie ?? cookie
    }
    t.same([...names], [], 'everything was listed once')
  })

  behaviour('lists what stays exactly once while others come and go', async (t, stage) => {
    const { root, dir } = stage
    const names = await fill(stage, 100)
    let round = 0
    const churn = async () => {
      round++
      ok(await root.create(dir, `come-${round}`))
      if (round > 1) ok(await root.remove(dir, `come-${round - 1}`))
      ok(await root.rename(dir, `come-${round}`, dir, `renamed-${round}`))
      ok(await root.rename(dir, `renamed-${round}`, dir, `come-${round}`))
    }
    const listed = (await listAll(root, dir, 400, churn)).map(nameOf)
    t.ok(round > 5, 'the directory changed between replies')
    t.same(listed.filter((name) => name.startsWith('file-')).sort(), [...names].sort())
  })

  behaviour('a file that is replaced by rename stays listed once', async (t, stage) => {
    const { root, dir } = stage
    const names = await fill(stage, 40)
    const replace = async () => {
      ok(await root.create(dir, 'temporary'))
      ok(await root.rename(dir, 'temporary', dir, names[0]!))
    }
    const first = ok(await root.readdir(dir, 0n, 300)).reply.entries
    await replace()
    const rest = ok(await root.readdir(dir, first.at(-1)!.cookie, 100_000)).reply.entries
    const listed = [...first, ...rest].map(nameOf).filter((name) => name !== 'temporary')
    const others = names.slice(1)
    t.same(listed.filter((name) => others.includes(name)).sort(), [...others].sort())
  })

  behaviour(
    'with a cookie that nobody gave is BAD_COOKIE or a position, and no accident',
    async (t, stage) => {
      const { root, dir } = stage
      const names = await fill(stage, 10)
      const known = ['.', '..', ...names]
      for (const cookie of [
        3n,
        12345n,
        1n << 31n,
        1n << 32n,
        1n << 62n,
        (1n << 63n) - 1n,
        1n << 63n,
        (1n << 64n) - 1n,
      ]) {
        for (const result of [await root.readdir(dir, cookie), await root.readdirplus(dir, cookie)]) {
          if (result.status !== 0) {
            t.equal(statusOf(result), 'NFS3ERR_BAD_COOKIE', `cookie ${cookie}`)
            continue
          }
          const entries: readonly { readonly name: Uint8Array }[] = result.resok.reply.entries
          t.ok(
            entries.map(nameOf).every((name) => known.includes(name)),
            `cookie ${cookie}`,
          )
        }
      }
      t.equal((await listAll(root, dir)).length, known.length)
    },
  )

  behaviour('several readers do not disturb each other', async (t, stage) => {
    const names = await fill(stage, 50)
    const lists = await Promise.all(
      [200, 300, 500, 900].map((count) => listAll(stage.root, stage.dir, count)),
    )
    for (const list of lists) t.same(list.map(nameOf).sort(), ['.', '..', ...names].sort())
  })
})
