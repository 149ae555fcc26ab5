/** What file handles promise, kept by a real fsva-nfsd that is killed and started again, on real file systems. */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { HandleServer } from '../fixtures/handle-server.ts'
import { attributesOf, type Handle, made, type NfsClient, ok, statusOf } from '../fixtures/nfs-client.ts'
import { bindfs, overlayWithoutHandles, remountables, run, tmpfs } from '../fixtures/remountable.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-handles-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))
t.setTimeout(180_000)
const isRoot = process.getuid?.() === 0
const nobody = 65534

const status = async (client: NfsClient, handle: Handle) => statusOf(await client.getattr(handle))
const lookup = async (client: NfsClient, dir: Handle, name: string) =>
  ok(await client.lookup(dir, name)).object.data

/** What a client remembers of an object, next to its handle. */
async function remembered(client: NfsClient, handle: Handle) {
  const { fsid, fileid, type } = await attributesOf(client, handle)
  return { fsid, fileid, type }
}

function open(exportPath: string, state: string): string[] {
  return ['--export', exportPath, '--insecure', '--no-root-squash', '--state-dir', join(directory, state)]
}

function flipped(handle: Handle, bit: number): Handle {
  const copy = Uint8Array.from(handle)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

/** Objects of every kind below the root; their handles. */
async function populate(client: NfsClient, root: Handle): Promise<Map<string, Handle>> {
  const dir = made(await client.mkdir(root, 'dir'))
  const sub = made(await client.mkdir(dir, 'sub'))
  const file = made(await client.create(sub, 'file'))
  ok(await client.write(file, 0n, 'contents'))
  const link = made(await client.symlink(dir, 'symlink', '/etc/passwd'))
  const fifo = made(await client.mkfifo(dir, 'fifo'))
  const long = made(await client.create(dir, Buffer.alloc(255, 0xfe)))
  return new Map(Object.entries({ root, dir, sub, file, link, fifo, long }))
}

for (const filesystem of remountables) {
  const skip = filesystem.unavailable ?? false
  t.test(`handles on ${filesystem.name}`, { skip }, async (t) => {
    const mounted = filesystem.make()
    t.teardown(() => mounted.close())
    const args = open(mounted.path, `state-${filesystem.name}`)
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
      t.same(await lookup(client, handles.get('sub')!, 'other'), handles.get('file'))
      await restart()
      await unchanged(t)
      renameSync(join(mounted.path, 'renamed'), join(mounted.path, 'again'))
      await unchanged(t)
      t.same(await lookup(server.client, root, 'again'), handles.get('dir'))
    })

    await t.test('survive a remount', { skip: !filesystem.isDurable }, async (t) => {
      await restart(() => mounted.remount())
      await unchanged(t)
    })

    await t.test('are stale only when the object is gone', async (t) => {
      const { client } = server
      const file = made(await client.create(root, 'one'))
      ok(await client.link(file, root, 'two'))
      t.same(await lookup(client, root, 'two'), file, 'both names lead to one handle')
      ok(await client.remove(root, 'one'))
      t.equal(await status(client, file), 'NFS3_OK')
      ok(await client.remove(root, 'two'))
      t.equal(await status(client, file), 'NFS3ERR_STALE')
      const victim = made(await client.create(root, 'victim'))
      const winner = made(await client.create(root, 'winner'))
      ok(await client.rename(root, 'winner', root, 'victim'))
      t.equal(await status(client, victim), 'NFS3ERR_STALE')
      t.equal(await status(client, winner), 'NFS3_OK')
      const dir = made(await client.mkdir(root, 'empty'))
      ok(await client.rmdir(root, 'empty'))
      t.equal(await status(client, dir), 'NFS3ERR_STALE')
      const reborn = made(await client.mkdir(root, 'empty'))
      t.notSame(reborn, dir)
      await restart()
      t.equal(await status(server.client, file), 'NFS3ERR_STALE')
      t.equal(await status(server.client, dir), 'NFS3ERR_STALE')
      t.equal(await status(server.client, reborn), 'NFS3_OK')
      rmSync(join(mounted.path, 'victim'))
      t.equal(await status(server.client, winner), 'NFS3ERR_STALE', 'removed by others')
    })
  })
}

t.test('a handle that this server did not make is NFS3ERR_BADHANDLE', async (t) => {
  const exported = join(directory, 'forgery')
  mkdirSync(exported)
  const server = await HandleServer.start(open(exported, 'forgery-state'))
  t.teardown(() => server.kill())
  const { client } = server
  const root = await server.mount(exported)
  for (let bit = 0; bit < root.length * 8; bit++) {
    t.equal(await status(client, flipped(root, bit)), 'NFS3ERR_BADHANDLE', `bit ${bit}`)
  }
  for (let length = 0; length <= 64; length++) {
    if (length === root.length) continue
    const cut = new Uint8Array(length)
    cut.set(root.subarray(0, Math.min(length, root.length)))
    t.equal(await status(client, cut), 'NFS3ERR_BADHANDLE', `${length} bytes`)
  }
  t.equal(await status(client, root), 'NFS3_OK')
  const other = await HandleServer.start(open(exported, 'another-state'))
  t.teardown(() => other.kill())
  t.equal(await status(other.client, root), 'NFS3ERR_BADHANDLE', 'of a server with another key')
})

t.test('a handle is good for its own export, by the rules of the moment', async (t) => {
  const [one, two] = ['one', 'two'].map((name) => join(directory, name))
  for (const path of [one!, two!]) mkdirSync(path)
  writeFileSync(join(two!, 'file'), 'x')
  const config = join(directory, 'policy.yaml')
  const rules = { squash: 'no_root_squash', secure: false }
  const configure = (exports: object[]) => {
    const all = exports.map((entry) => ({ ...rules, ...entry }))
    writeFileSync(config, JSON.stringify({ exports: all }))
  }
  configure([{ path: one }, { path: two }])
  const server = await HandleServer.start(['--config', config, '--state-dir', join(directory, 'policy')])
  t.teardown(() => server.kill())
  let reloads = 0
  const reload = async (exports: object[]) => {
    configure(exports)
    server.process.kill('SIGHUP')
    reloads++
    await server.process.waitFor('stderr', new RegExp(`(configuration reloaded[^]*){${reloads}}`))
  }
  const { client } = server
  const [first, second] = [await server.mount(one!), await server.mount(two!)]
  const file = await lookup(client, second, 'file')
  t.not((await attributesOf(client, first)).fileid, (await attributesOf(client, second)).fileid)

  await reload([{ path: one }, { path: two, clients: ['192.0.2.1'] }])
  t.equal(await status(client, first), 'NFS3_OK')
  t.equal(await status(client, second), 'NFS3ERR_ACCES')
  t.equal(await status(client, file), 'NFS3ERR_ACCES')
  await t.rejects(server.mount(two!), { message: /status 13/ })

  await reload([{ path: one }, { path: two, secure: true }])
  t.equal(await status(client, file), 'NFS3ERR_ACCES', 'from a port above 1023')

  await reload([{ path: one }, { path: two, read_only: true }])
  t.equal(await status(client, file), 'NFS3_OK')
  t.equal(statusOf(await client.write(file, 0n, 'y')), 'NFS3ERR_ROFS')
  t.equal(statusOf(await client.create(second, 'new')), 'NFS3ERR_ROFS')
  t.equal(statusOf(await client.setattr(file, { mode: 0o600 })), 'NFS3ERR_ROFS')
  t.equal(statusOf(await client.rename(first, 'file', second, 'file')), 'NFS3ERR_ROFS')
  t.equal(readFileSync(join(two!, 'file'), 'utf8'), 'x')

  await reload([{ path: one }])
  t.equal(await status(client, file), 'NFS3ERR_STALE', 'no longer exported')

  await reload([{ path: one }, { path: two }])
  t.equal(await status(client, file), 'NFS3_OK', 'exported again')
  t.equal(statusOf(await client.link(file, first, 'link')), 'NFS3ERR_XDEV')
})

t.test('an fsid of its own for each mount in an export', { skip: tmpfs.unavailable ?? false }, async (t) => {
  const mounted = tmpfs.make()
  t.teardown(() => mounted.close())
  const inner = join(mounted.path, 'inner')
  mkdirSync(inner)
  run('mount', '-t', 'tmpfs', 'fsva-inner', inner)
  writeFileSync(join(inner, 'file'), 'x')
  const args = open(mounted.path, 'mounts-state')
  let server = await HandleServer.start(args)
  t.teardown(() => server.kill())
  const root = await server.mount(mounted.path)
  const fsid = async (handle: Handle) => (await attributesOf(server.client, handle)).fsid
  const file = await lookup(server.client, await lookup(server.client, root, 'inner'), 'file')
  const fsids = [await fsid(root), await fsid(file)]
  t.not(fsids[0], fsids[1])
  t.notOk(fsids.includes(0n))

  const listed = ok(await server.client.readdirplus(root)).reply.entries
  const entry = listed.find(({ name }) => Buffer.from(name).toString() === 'inner')
  const plus = entry?.name_attributes
  if (plus !== undefined) t.equal(plus.fsid, fsids[1], 'READDIRPLUS does not mix file systems')

  const up = await lookup(server.client, await lookup(server.client, root, 'inner'), '..')
  t.same(up, root, 'the way back up')

  await server.kill()
  server = await HandleServer.start(args)
  t.same([await fsid(root), await fsid(file)], fsids)

  const late = join(mounted.path, 'late')
  mkdirSync(late)
  run('mount', '-t', 'tmpfs', 'fsva-late', late)
  const third = await lookup(server.client, root, 'late')
  t.equal(new Set([...fsids, await fsid(third)]).size, 3, 'mounted while the server runs')
  t.equal(statSync(late, { bigint: true }).ino, (await attributesOf(server.client, third)).fileid)
  run('umount', '-l', late)
  run('umount', '-l', inner)
})

t.test(
  'an unprivileged server',
  { skip: isRoot ? false : 'needs root to become another user' },
  async (t) => {
    const home = join(directory, 'home')
    const exported = join(home, 'exported')
    mkdirSync(exported, { recursive: true })
    for (const path of [home, exported]) chownSync(path, nobody, nobody)
    chmodSync(directory, 0o755)
    const wrapper = ['setpriv', '--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups']
    const args = ['--export', exported, '--insecure', '--state-dir', join(home, 'state')]
    let server = await HandleServer.start(args, wrapper)
    t.teardown(() => server.kill())
    t.match(server.process.stderr, /handle table, because the server may not open files by kernel handle/)
    t.match(server.process.stderr, /not root: every client is served with the rights of this process/)
    const root = await server.mount(exported)
    const handles = await populate(server.client, root)
    t.equal(statSync(join(exported, 'dir')).uid, nobody)
    renameSync(join(exported, 'dir', 'sub'), join(exported, 'dir', 'renamed'))
    for (const round of ['before', 'after']) {
      for (const [name, handle] of handles) {
        t.equal(await status(server.client, handle), 'NFS3_OK', `${name} ${round} a crash`)
      }
      if (round === 'after') break
      await server.kill()
      server = await HandleServer.start(args, wrapper)
    }
    const read = ok(await server.client.read(handles.get('file')!, 0n, 100))
    t.equal(Buffer.from(read.data).toString(), 'contents')
    rmSync(join(exported, 'dir', 'renamed', 'file'))
    t.equal(await status(server.client, handles.get('file')!), 'NFS3ERR_STALE')

    symlinkSync('/etc', join(exported, 'escape'))
    const link = await lookup(server.client, root, 'escape')
    t.equal(statusOf(await server.client.lookup(link, 'passwd')), 'NFS3ERR_NOTDIR')
    t.same(await lookup(server.client, root, '..'), root)
  },
)

t.test('the handle table and many files', { skip: overlayWithoutHandles.unavailable ?? false }, async (t) => {
  const count = 2000
  const filesystem = bindfs.unavailable === undefined ? bindfs : overlayWithoutHandles
  const mounted = filesystem.make()
  t.teardown(() => mounted.close())
  mkdirSync(join(mounted.path, 'many'))
  for (let index = 0; index < count; index++) writeFileSync(join(mounted.path, 'many', `${index}`), '')
  linkSync(join(mounted.path, 'many', '0'), join(mounted.path, 'many', 'link'))
  const args = open(mounted.path, 'many-state')
  let server = await HandleServer.start(args)
  t.teardown(() => server.kill())
  const many = await lookup(server.client, await server.mount(mounted.path), 'many')
  const list = async () => {
    const found = new Map<string, string>()
    for (let cookie = 0n, eof = false, cookieverf = new Uint8Array(8) as Uint8Array; !eof; ) {
      const listed = ok(await server.client.readdirplus(many, cookie, { cookieverf }))
      for (const entry of listed.reply.entries) {
        const name = Buffer.from(entry.name).toString()
        const handle = entry.name_handle?.data ?? (await lookup(server.client, many, name))
        if (name !== '.' && name !== '..') found.set(name, Buffer.from(handle).toString('hex'))
        cookie = entry.cookie
      }
      cookieverf = listed.cookieverf
      eof = listed.reply.eof
    }
    return found
  }
  const before = await list()
  t.equal(before.size, count + 1)
  t.equal(new Set(before.values()).size, count, 'the two names of one file share a handle')
  await server.kill()
  server = await HandleServer.start(args)
  t.same(await list(), before, 'the same handles after a crash')
})
