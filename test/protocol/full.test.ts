/** A file system with a megabyte of room: what a client hears when it is full. */
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { type PreparedVfs, rootHandle, serve } from '../fixtures/back-ends.ts'
import { prepareMemory } from '../fixtures/memory-back-end.ts'
import { isRoot, mounted, prepareIn } from '../fixtures/native-back-end.ts'
import { attributesOf, failed, made, ok, statusOf } from '../fixtures/nfs-client.ts'

const capacityBytes = 1 << 20
const half = Buffer.alloc(capacityBytes / 2, 1)

const smallTmpfs = () =>
  prepareIn(
    mounted((directory) =>
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=64', 'fsva-test', directory]),
    ),
  )

const backEnds: [string, string | undefined, () => PreparedVfs][] = [
  ['memory', undefined, () => prepareMemory({ capacityBytes, inodesMax: 64 })],
  ['native', isRoot ? undefined : 'needs root', smallTmpfs],
]

for (const [name, unavailable, prepare] of backEnds) {
  t.test(`a full file system on ${name}`, { skip: unavailable ?? false }, async (t) => {
    const prepared = prepare()
    t.teardown(() => prepared.close())
    const served = await serve(prepared.vfs)
    t.teardown(() => served.close())
    const root = await served.connect({ uid: 0, gid: 0 })
    const exportRoot = await rootHandle(prepared)

    t.test('WRITE says NOSPC, and the file is as long as what was written', async (t) => {
      const dir = made(await root.mkdir(exportRoot, 'bytes'))
      const file = made(await root.create(dir, 'file'))
      let written = 0n
      let refusal: Awaited<ReturnType<typeof root.write>> | undefined
      for (let round = 0; refusal === undefined && round < 8; round++) {
        const result = await root.write(file, written, half)
        if (result.status === 0) written += BigInt(result.resok.count)
        else refusal = result
      }
      t.ok(refusal !== undefined, 'it got full')
      const { file_wcc } = failed(refusal!, 'NFS3ERR_NOSPC')
      t.equal(file_wcc.after?.size, (await attributesOf(root, file)).size)
      t.ok(written > 0n && written <= BigInt(capacityBytes))
      t.equal(file_wcc.after?.size, written)
      t.ok(ok(await root.fsstat(exportRoot)).abytes < BigInt(half.length))

      t.equal(statusOf(await root.write(file, 0n, 'over what is there')), 'NFS3_OK')
      ok(await root.setattr(file, { size: 0n }))
      t.equal(statusOf(await root.write(file, 0n, half)), 'NFS3_OK', 'room again')
      ok(await root.remove(dir, 'file'))
      t.ok(ok(await root.fsstat(exportRoot)).abytes >= BigInt(half.length))
    })

    t.test('CREATE and friends say NOSPC when there are too many objects', async (t) => {
      const dir = made(await root.mkdir(exportRoot, 'objects'))
      let count = 0
      while (count < 100 && statusOf(await root.create(dir, `file-${count}`)) === 'NFS3_OK') count++
      t.ok(count > 10 && count < 64, `${count} files`)
      const { dir_wcc } = failed(await root.create(dir, 'one more'), 'NFS3ERR_NOSPC')
      t.same(dir_wcc.after, await attributesOf(root, dir))
      t.equal(statusOf(await root.mkdir(dir, 'directory')), 'NFS3ERR_NOSPC')
      t.equal(statusOf(await root.symlink(dir, 'link', 'target')), 'NFS3ERR_NOSPC')
      t.equal(statusOf(await root.mkfifo(dir, 'fifo')), 'NFS3ERR_NOSPC')
      t.equal(statusOf(await root.createGuarded(dir, 'guarded')), 'NFS3ERR_NOSPC')
      t.equal(statusOf(await root.createExclusive(dir, 'exclusive', Buffer.alloc(8))), 'NFS3ERR_NOSPC')
      t.equal(statusOf(await root.lookup(dir, 'exclusive')), 'NFS3ERR_NOENT')
      ok(await root.remove(dir, 'file-0'))
      t.equal(statusOf(await root.create(dir, 'one more')), 'NFS3_OK')
    })
  })
}
