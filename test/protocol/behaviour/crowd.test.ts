/** Many calls at once, in no particular order: nothing deadlocks, and what is left is consistent. */
import { onEveryBackEnd, type Stage } from '../../fixtures/back-ends.ts'
import { listAll, listAllPlus, nameOf } from '../../fixtures/listing.ts'
import { attributesOf, type Handle, made, ok, statusOf } from '../../fixtures/nfs-client.ts'

const kinds = ['CREATE', 'REMOVE', 'RENAME', 'LOOKUP', 'MKDIR', 'RMDIR']

/** The same numbers each time. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state >>> 8
  }
}

async function removeAll({ root }: Stage, directory: Handle): Promise<void> {
  for (const entry of await listAllPlus(root, directory)) {
    if (nameOf(entry) === '.' || nameOf(entry) === '..') continue
    if (entry.name_attributes?.type === 2) {
      await removeAll({ root } as Stage, entry.name_handle!.data)
      ok(await root.rmdir(directory, entry.name))
    } else {
      ok(await root.remove(directory, entry.name))
    }
  }
}

onEveryBackEnd('Many calls at once', (behaviour) => {
  behaviour('creating, moving and removing in two directories', async (t, stage) => {
    const { root, alice, bob, dir } = stage
    const directories = [
      made(await root.mkdir(dir, 'one', { mode: 0o777 })),
      made(await root.mkdir(dir, 'two', { mode: 0o777 })),
    ]
    const clients = [root, alice, bob]
    const random = numbers(42)
    const next = (below: number) => random.next().value % below
    const statuses = new Set<string>()
    const calls = Array.from({ length: 400 }, async () => {
      const client = clients[next(3)]!
      const [from, to] = [directories[next(2)]!, directories[next(2)]!]
      const [name, other] = [`n${next(12)}`, `n${next(12)}`]
      const kind = next(6)
      let result: { readonly status: number }
      if (kind === 0) result = await client.create(from, name, { mode: 0o666 })
      else if (kind === 1) result = await client.remove(from, name)
      else if (kind === 2) result = await client.rename(from, name, to, other)
      else if (kind === 3) result = await client.lookup(from, name)
      else if (kind === 4) result = await client.mkdir(from, name, { mode: 0o777 })
      else result = await client.rmdir(from, name)
      statuses.add(`${kinds[kind]}: ${statusOf(result)}`)
    })
    await Promise.all(calls)
    // Not STALE: all handles used are of directories that are there.
    const expected = /: NFS3(_OK|ERR_NOENT|ERR_EXIST|ERR_ISDIR|ERR_NOTDIR)$/
    const unexpected = [...statuses].filter((status) => !expected.test(status))
    t.same(unexpected, [])
    for (const directory of directories) {
      const entries = await listAllPlus(root, directory)
      const names = entries.map(nameOf)
      t.equal(new Set(names).size, names.length, 'no name twice')
      for (const entry of entries) {
        const found = ok(await root.lookup(directory, entry.name))
        t.equal(found.obj_attributes?.fileid, entry.fileid, nameOf(entry))
      }
      await removeAll(stage, directory)
    }
    ok(await root.rmdir(dir, 'one'))
    ok(await root.rmdir(dir, 'two'))
    t.equal((await listAll(root, dir)).length, 2)
  })

  behaviour('wcc data never has another call’s change between before and after', async (t, stage) => {
    const { root, alice, dir, backEnd } = stage
    const clients = [root, alice]
    const names = Array.from({ length: 100 }, (_, index) => `name-${index}`)
    const replies = await Promise.all(
      names.map(async (name, index) => ok(await clients[index % 2]!.create(dir, name))),
    )
    const alone = ok(await root.create(dir, 'alone'))
    t.ok(alone.dir_wcc.before !== undefined, 'a call without company tells before and after')
    // Where the size of a directory counts its entries it shows how many came between.
    if (!['memory', 'native-tmpfs'].includes(backEnd)) return
    const growth = ({ dir_wcc: { before, after } }: (typeof replies)[number]) =>
      before === undefined ? undefined : after!.size - before.size
    const one = growth(alone)
    t.same(
      replies.map(growth).filter((size) => size !== undefined && size !== one),
      [],
    )
  })

  behaviour('appending, reading and truncating one file', async (t, { root, alice, bob, dir }) => {
    const file = made(await root.create(dir, 'file', { mode: 0o666 }))
    const clients = [root, alice, bob]
    const random = numbers(7)
    const next = (below: number) => random.next().value % below
    const calls = Array.from({ length: 300 }, async () => {
      const client = clients[next(3)]!
      const kind = next(5)
      const offset = BigInt(next(100_000))
      if (kind === 0) return statusOf(await client.setattr(file, { size: offset }))
      if (kind === 1) return statusOf(await client.commit(file))
      if (kind === 2) return statusOf(await client.write(file, offset, Buffer.alloc(next(9000), 65), 0))
      const { data, count, file_attributes } = ok(await client.read(file, offset, 20_000))
      if (data.length !== count) return 'a count that is not the data’s'
      if (!data.every((byte) => byte === 65 || byte === 0)) return 'bytes that nobody wrote'
      return file_attributes === undefined ? 'no attributes' : 'NFS3_OK'
    })
    t.same([...new Set(await Promise.all(calls))], ['NFS3_OK'])
    const { size } = await attributesOf(root, file)
    const { data, eof } = ok(await root.read(file, 0n, 1 << 20))
    t.equal(BigInt(data.length), size)
    t.equal(eof, true)
  })

  behaviour('many names are created at once and each is there once', async (t, { root, dir }) => {
    const names = Array.from({ length: 300 }, (_, index) => `name-${index}`)
    const handles = await Promise.all(names.map(async (name) => made(await root.createGuarded(dir, name))))
    t.equal(new Set(handles.map((handle) => Buffer.from(handle).toString('hex'))).size, names.length)
    const listed = (await listAll(root, dir)).map(nameOf)
    t.same(listed.sort(), ['.', '..', ...names].sort())
  })
})
