import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { errno } from '../../../nfs-server/vfs/errno.ts'
import { Stable } from '../../../nfs-server/vfs/vfs.ts'
import { decodeREADDIR3resok, decodeREADDIRPLUS3resok } from '../../../nfs-server/xdr/generated/nfs3.ts'
import { decodeListing } from '../../fixtures/listing.ts'
import { callerWith, openNativeVfs, ownCaller } from '../../fixtures/native-vfs.ts'

t.test('what is cached is answered at once, the rest later', async (t) => {
  const { vfs, root, file, close } = await openNativeVfs()
  t.teardown(close)
  const handle = await file('a', 'hello')
  const attributes = vfs.getattr(ownCaller, handle)
  t.notOk(attributes instanceof Promise)
  t.match(attributes, { status: 0, attributes: { type: 1, mode: 0o644, size: 5n, nlink: 1 } })
  const found = vfs.lookup(ownCaller, root, Buffer.from('a'))
  t.notOk(found instanceof Promise)
  t.same((await found).handle, handle)
  const listing = vfs.readdir(ownCaller, root, 0n, new Uint8Array(8), { dircount: 4096, maxcount: 4096 })
  t.ok(listing instanceof Promise, 'may block')
  const { entries } = decodeListing(await listing, decodeREADDIR3resok)
  t.same(entries.map((entry) => Buffer.from(entry.name).toString()).sort(), ['.', '..', 'a'])
})

t.test('READ and WRITE use the buffers they are given', async (t) => {
  const { vfs, file, close } = await openNativeVfs()
  t.teardown(close)
  const handle = await file('a', 'hello, world')
  const memory = Buffer.alloc(32, '.')
  const read = await vfs.read(ownCaller, handle, 7n, memory.subarray(4, 12))
  t.match(read, { status: 0, count: 5, eof: true })
  t.equal(memory.toString(), `....world${'.'.repeat(23)}`)
  const written = await vfs.write(ownCaller, handle, 5n, memory.subarray(3, 9), 2)
  t.match(written, { status: 0, count: 6, committed: 2 })
  t.equal(written.verifier.length, 8)
  await vfs.read(ownCaller, handle, 0n, memory)
  t.equal(memory.toString('latin1', 0, 12), 'hello.worldd')
})

t.test('many calls at once all get their own answers', async (t) => {
  const { vfs, root, file, close } = await openNativeVfs()
  t.teardown(close)
  const names = Array.from({ length: 200 }, (_, index) => `file ${index}`)
  const handles = await Promise.all(names.map((name) => file(name, name)))
  t.equal(vfs.running, 0)
  const reads = names.map(async (name, index) => {
    const buffer = Buffer.alloc(100)
    const { count } = await vfs.read(ownCaller, handles[index]!, 0n, buffer)
    return buffer.toString('latin1', 0, count) === name
  })
  const commits = handles.map((handle) => vfs.commit(ownCaller, handle, 0n, 0))
  t.ok(vfs.running > 100)
  t.ok((await Promise.all(reads)).every((same) => same))
  t.ok((await Promise.all(commits)).every(({ status }) => status === 0))
  const budget = { dircount: 1 << 20, maxcount: 1 << 20 }
  const listing = await vfs.readdirplus(ownCaller, root, 0n, new Uint8Array(8), budget)
  const { entries } = decodeListing(listing, decodeREADDIRPLUS3resok)
  t.equal(entries.length, 202)
  for (const entry of entries.filter(({ name_attributes }) => name_attributes?.type === 1)) {
    const index = names.indexOf(Buffer.from(entry.name).toString())
    t.same(Buffer.from(entry.name_handle!.data), Buffer.from(handles[index]!))
  }
  t.equal(vfs.running, 0)
})

t.test('an export with more to do than its queue holds asks clients to come back', async (t) => {
  const { vfs, file, close } = await openNativeVfs()
  t.teardown(close)
  const handle = await file('a', 'hello')
  // One at a time gets the inode's lock and waits for the disk: longer than the loop takes to submit the next.
  const data = Buffer.alloc(64 << 10)
  const answers = await Promise.all(
    Array.from({ length: 6000 }, () => vfs.write(ownCaller, handle, 0n, data, Stable.FILE_SYNC)),
  )
  const statuses = new Set(answers.map(({ status }) => status))
  t.same([...statuses].sort(), [errno.OK, errno.EJUKEBOX])
  t.equal((await vfs.commit(ownCaller, handle, 0n, 0)).status, errno.OK, 'and serves them then')
})

t.test('callers are known again after they were forgotten', async (t) => {
  const { core, vfs, root, close } = await openNativeVfs()
  t.teardown(close)
  const first = callerWith(5)
  t.equal((await vfs.getattr(first, root)).status, 0)
  const id = core.callerId(first)
  for (let uid = 100_000; uid < 140_000; uid++) core.callerId(callerWith(uid))
  t.equal((await vfs.getattr(first, root)).status, 0)
  t.not(core.callerId(first), id)
  t.equal((await vfs.commit(callerWith(100_000), root, 0n, 0)).status, errno.EISDIR)
})

t.test('hostile handles and names', async (t) => {
  const { vfs, root, close } = await openNativeVfs()
  t.teardown(close)
  for (const length of [0, 1, 25, 26, 27, 34, 35, 36, 63, 64, 65, 1000]) {
    t.equal(
      (await vfs.getattr(ownCaller, new Uint8Array(length))).status,
      errno.EBADHANDLE,
      `${length} bytes`,
    )
  }
  for (let index = 0; index < root.length; index++) {
    const forged = Buffer.from(root)
    forged[index]! ^= 1
    t.equal((await vfs.getattr(ownCaller, forged)).status, errno.EBADHANDLE, `byte ${index}`)
  }
  const status = async (name: Buffer) => (await vfs.lookup(ownCaller, root, name)).status
  t.equal(await status(Buffer.alloc(256, 'a')), errno.ENAMETOOLONG)
  t.equal(await status(Buffer.alloc(1 << 16, 'a')), errno.ENAMETOOLONG)
  t.equal(await status(Buffer.alloc(255, 'a')), errno.ENOENT)
  t.equal(await status(Buffer.from([0xff, 0xfe, 0x2e])), errno.ENOENT)
})

t.test('a closed core refuses, and gives its state directory up', async (t) => {
  const { core, vfs, root, close } = await openNativeVfs()
  vfs.close()
  t.equal((await vfs.getattr(ownCaller, root)).status, errno.EJUKEBOX)
  core.close()
  t.throws(() => core.strategies(), /closed/)
  close()
})

const script = fileURLToPath(new URL('../../fixtures/native-exit.ts', import.meta.url))
for (const how of ['await', 'exit', 'abandon', 'terminate']) {
  t.test(`the process ends with calls pending: ${how}`, async (t) => {
    // It leaves its files behind: in a directory that goes with the test.
    const env = { ...process.env, TMPDIR: t.testdir() }
    const output = execFileSync(process.execPath, [script, how], { env, encoding: 'utf8', timeout: 60_000 })
    t.equal(output, 'done\n')
  })
}
