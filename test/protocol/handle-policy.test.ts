/** Whose handles a real fsva-nfsd believes, and what they may reach: forgeries, policy, mounts, other users. */
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
import t from 'tap'
import { HandleServer, handleOf, openArguments, populate, statusOfHandle } from '../fixtures/handle-server.ts'
import { attributesOf, type Handle, ok, statusOf } from '../fixtures/nfs-client.ts'
import { bindfs, overlayWithoutHandles, run, tmpfs } from '../fixtures/remountable.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-handle-policy-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))
t.setTimeout(240_000)
const isRoot = process.getuid?.() === 0
const nobody = 65534

function flipped(handle: Handle, bit: number): Handle {
  const copy = Uint8Array.from(handle)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

t.test('a handle that this server did not make is NFS3ERR_BADHANDLE', async (t) => {
  const exported = join(directory, 'forgery')
  mkdirSync(exported)
  const server = await HandleServer.start(openArguments(exported, join(directory, 'forgery-state')))
  t.teardown(() => server.kill())
  const { client } = server
  const root = await server.mount(exported)
  for (let bit = 0; bit < root.length * 8; bit++) {
    t.equal(await statusOfHandle(client, flipped(root, bit)), 'NFS3ERR_BADHANDLE', `bit ${bit}`)
  }
  for (let length = 0; length <= 64; length++) {
    if (length === root.length) continue
    const cut = new Uint8Array(length)
    cut.set(root.subarray(0, Math.min(length, root.length)))
    t.equal(await statusOfHandle(client, cut), 'NFS3ERR_BADHANDLE', `${length} bytes`)
  }
  t.equal(await statusOfHandle(client, root), 'NFS3_OK')
  const other = await HandleServer.start(openArguments(exported, join(directory, 'another-state')))
  t.teardown(() => other.kill())
  t.equal(await statusOfHandle(other.client, root), 'NFS3ERR_BADHANDLE', 'of a server with another key')
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
  const file = await handleOf(client, second, 'file')
  t.not((await attributesOf(client, first)).fileid, (await attributesOf(client, second)).fileid)

  await reload([{ path: one }, { path: two, clients: ['192.0.2.1'] }])
  t.equal(await statusOfHandle(client, first), 'NFS3_OK')
  t.equal(await statusOfHandle(client, second), 'NFS3ERR_ACCES')
  t.equal(await statusOfHandle(client, file), 'NFS3ERR_ACCES')
  await t.rejects(server.mount(two!), { message: /status 13/ })

  await reload([{ path: one }, { path: two, secure: true }])
  t.equal(await statusOfHandle(client, file), 'NFS3ERR_ACCES', 'from a port above 1023')

  await reload([{ path: one }, { path: two, read_only: true }])
  t.equal(await statusOfHandle(client, file), 'NFS3_OK')
  t.equal(statusOf(await client.write(file, 0n, 'y')), 'NFS3ERR_ROFS')
  t.equal(statusOf(await client.create(second, 'new')), 'NFS3ERR_ROFS')
  t.equal(statusOf(await client.setattr(file, { mode: 0o600 })), 'NFS3ERR_ROFS')
  t.equal(statusOf(await client.rename(first, 'file', second, 'file')), 'NFS3ERR_ROFS')
  t.equal(readFileSync(join(two!, 'file'), 'utf8'), 'x')

  await reload([{ path: one }])
  t.equal(await statusOfHandle(client, file), 'NFS3ERR_STALE', 'no longer exported')

  await reload([{ path: one }, { path: two }])
  t.equal(await statusOfHandle(client, file), 'NFS3_OK', 'exported again')
  t.equal(statusOf(await client.link(file, first, 'link')), 'NFS3ERR_XDEV')
})

t.test('an exported directory that is made anew is served anew after SIGHUP', async (t) => {
  const exported = join(directory, 'anew')
  mkdirSync(exported)
  const server = await HandleServer.start(openArguments(exported, join(directory, 'anew-state')))
  t.teardown(() => server.kill())
  const reload = async (times: number) => {
    server.process.kill('SIGHUP')
    await server.process.waitFor('stderr', new RegExp(`(configuration reloaded[^]*){${times}}`))
  }
  const former = await server.mount(exported)
  await reload(1)
  t.same(await server.mount(exported), former, 'nothing has changed')

  rmSync(exported, { recursive: true })
  t.equal(await statusOfHandle(server.client, former), 'NFS3ERR_STALE')
  await t.rejects(server.mount(exported), { message: /status 2$/ }, 'MNT3ERR_NOENT')
  mkdirSync(exported)
  writeFileSync(join(exported, 'file'), 'x')
  await reload(2)
  t.equal(await statusOfHandle(server.client, former), 'NFS3ERR_STALE')
  const fresh = await server.mount(exported)
  t.equal(await statusOfHandle(server.client, await handleOf(server.client, fresh, 'file')), 'NFS3_OK')

  if (!isRoot) return
  run('mount', '-t', 'tmpfs', 'fsva-anew', exported)
  t.teardown(() => run('umount', '-l', exported))
  await reload(3)
  t.equal(
    (await attributesOf(server.client, await server.mount(exported))).fileid,
    BigInt(statSync(exported).ino),
    'what has been mounted there since',
  )
})

t.test('an fsid of its own for each mount in an export', { skip: tmpfs.unavailable ?? false }, async (t) => {
  const mounted = tmpfs.make()
  t.teardown(() => mounted.close())
  const inner = join(mounted.path, 'inner')
  mkdirSync(inner)
  run('mount', '-t', 'tmpfs', 'fsva-inner', inner)
  writeFileSync(join(inner, 'file'), 'x')
  const args = openArguments(mounted.path, join(directory, 'mounts-state'))
  let server = await HandleServer.start(args)
  t.teardown(() => server.kill())
  const root = await server.mount(mounted.path)
  const fsid = async (handle: Handle) => (await attributesOf(server.client, handle)).fsid
  const file = await handleOf(server.client, await handleOf(server.client, root, 'inner'), 'file')
  const fsids = [await fsid(root), await fsid(file)]
  t.not(fsids[0], fsids[1])
  t.notOk(fsids.includes(0n))

  const listed = ok(await server.client.readdirplus(root)).reply.entries
  const entry = listed.find(({ name }) => Buffer.from(name).toString() === 'inner')
  const plus = entry?.name_attributes
  if (plus !== undefined) t.equal(plus.fsid, fsids[1], 'READDIRPLUS does not mix file systems')

  const up = await handleOf(server.client, await handleOf(server.client, root, 'inner'), '..')
  t.same(up, root, 'the way back up')

  await server.kill()
  server = await HandleServer.start(args)
  t.same([await fsid(root), await fsid(file)], fsids)

  const late = join(mounted.path, 'late')
  mkdirSync(late)
  run('mount', '-t', 'tmpfs', 'fsva-late', late)
  const third = await handleOf(server.client, root, 'late')
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
        t.equal(await statusOfHandle(server.client, handle), 'NFS3_OK', `${name} ${round} a crash`)
      }
      if (round === 'after') break
      await server.kill()
      server = await HandleServer.start(args, wrapper)
    }
    const read = ok(await server.client.read(handles.get('file')!, 0n, 100))
    t.equal(Buffer.from(read.data).toString(), 'contents')
    rmSync(join(exported, 'dir', 'renamed', 'file'))
    t.equal(await statusOfHandle(server.client, handles.get('file')!), 'NFS3ERR_STALE')

    symlinkSync('/etc', join(exported, 'escape'))
    const link = await handleOf(server.client, root, 'escape')
    t.equal(statusOf(await server.client.lookup(link, 'passwd')), 'NFS3ERR_NOTDIR')
    t.same(await handleOf(server.client, root, '..'), root)
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
  const args = openArguments(mounted.path, join(directory, 'many-state'))
  let server = await HandleServer.start(args)
  t.teardown(() => server.kill())
  const many = await handleOf(server.client, await server.mount(mounted.path), 'many')
  const list = async () => {
    const found = new Map<string, string>()
    for (let cookie = 0n, eof = false, cookieverf = new Uint8Array(8) as Uint8Array; !eof; ) {
      const listed = ok(await server.client.readdirplus(many, cookie, { cookieverf }))
      for (const entry of listed.reply.entries) {
        const name = Buffer.from(entry.name).toString()
        const handle = entry.name_handle?.data ?? (await handleOf(server.client, many, name))
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
