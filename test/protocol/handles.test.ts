/** What file handles promise, kept by a real fsva-nfsd that is killed and started again, on real file systems. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { HandleServer, handleOf, openArguments, populate, statusOfHandle } from '../fixtures/handle-server.ts'
import { attributesOf, type Handle, made, type NfsClient, ok } from '../fixtures/nfs-client.ts'
import { remountables } from '../fixtures/remountable.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-handles-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))
t.setTimeout(240_000)

/** What a client remembers of an object, next to its handle. */
async function remembered(client: NfsClient, handle: Handle) {
  const { fsid, fileid, type } = await attributesOf(client, handle)
  return { fsid, fileid, type }
}

for (const filesystem of remountables) {
  const skip = filesystem.unavailable ?? false
  t.test(`handles on ${filesystem.name}`, { skip }, async (t) => {
    const mounted = filesystem.make()
    t.teardown(() => mounted.close())
    const args = openArguments(mounted.path, join(directory, `state-${filesystem.name}`))
    let server = await HandleServer.start(args)
    t.teardown(() => server.kill())
    const restart = async (between: () => void = () => {}) => {
      await server.kill()
      between()
      server = await HandleServer.start(args)
    }
    t.match(server.process.stderr, filesystem.strategy, 'the log says how handles are made')
    const root = await server.mount(mounted.path)
    const handles = await populate(server.client, root)
    const known = new Map<string, object>()
    for (const [name, handle] of handles) {
      t.ok(handle.length <= 64, name)
      known.set(name, await remembered(server.client, handle))
    }
    const unchanged = async (t: Test) => {
      for (const [name, handle] of handles) {
        t.same(await remembered(server.client, handle), known.get(name), name)
      }
      const read = ok(await server.client.read(handles.get('file')!, 0n, 100))
      t.equal(Buffer.from(read.data).toString(), 'contents')
    }

    await t.test('survive a crash of the server', async (t) => {
      await restart()
      await unchanged(t)
      t.same(await server.mount(mounted.path), root, 'the root has the handle that it had')
    })

    await t.test('survive renames by this client and by others', async (t) => {
      const client = server.client
      ok(await client.rename(handles.get('dir')!, 'sub', root, 'moved'))
      ok(await client.rename(root, 'dir', root, 'renamed'))
      await unchanged(t)
      renameSync(join(mounted.path, 'moved', 'file'), join(mounted.path, 'moved', 'other'))
      await unchanged(t)
      t.same(await handleOf(client, handles.get('sub')!, 'other'), handles.get('file'))
      await restart()
      await unchanged(t)
      renameSync(join(mounted.path, 'renamed'), join(mounted.path, 'again'))
      await unchanged(t)
      t.same(await handleOf(server.client, root, 'again'), handles.get('dir'))
    })

    await t.test('survive a remount', { skip: !filesystem.isDurable }, async (t) => {
      await restart(() => mounted.remount())
      await unchanged(t)
    })

    await t.test('are stale only when the object is gone', async (t) => {
      const { client } = server
      const file = made(await client.create(root, 'one'))
      ok(await client.link(file, root, 'two'))
      t.same(await handleOf(client, root, 'two'), file, 'both names lead to one handle')
      ok(await client.remove(root, 'one'))
      t.equal(await statusOfHandle(client, file), 'NFS3_OK')
      ok(await client.remove(root, 'two'))
      t.equal(await statusOfHandle(client, file), 'NFS3ERR_STALE')
      const victim = made(await client.create(root, 'victim'))
      const winner = made(await client.create(root, 'winner'))
      ok(await client.rename(root, 'winner', root, 'victim'))
      t.equal(await statusOfHandle(client, victim), 'NFS3ERR_STALE')
      t.equal(await statusOfHandle(client, winner), 'NFS3_OK')
      const dir = made(await client.mkdir(root, 'empty'))
      ok(await client.rmdir(root, 'empty'))
      t.equal(await statusOfHandle(client, dir), 'NFS3ERR_STALE')
      const reborn = made(await client.mkdir(root, 'empty'))
      t.notSame(reborn, dir)
      await restart()
      t.equal(await statusOfHandle(server.client, file), 'NFS3ERR_STALE')
      t.equal(await statusOfHandle(server.client, dir), 'NFS3ERR_STALE')
      t.equal(await statusOfHandle(server.client, reborn), 'NFS3_OK')
      rmSync(join(mounted.path, 'victim'))
      t.equal(await statusOfHandle(server.client, winner), 'NFS3ERR_STALE', 'removed by others')
    })
  })
}
