/** MOUNT over TCP and UDP, on the operating system's file system. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type RpcClient, TcpRpcClient, UdpRpcClient } from '../../nfs-server/rpc/client.ts'
import { RpcReplyError } from '../../nfs-server/rpc/client-message.ts'
import { createServer, type ExportDefinition, type Server } from '../../nfs-server/server.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V1,
  MOUNT_V3,
  mountstat3,
  MOUNT_V1_PROCEDURES as v1,
  MOUNT_V3_PROCEDURES as v3,
} from '../../nfs-server/xdr/generated/mount.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_PROCEDURES as nfs } from '../../nfs-server/xdr/generated/nfs3.ts'

const AUTH_NONE = 0
const AUTH_SYS = 1

const scratch = mkdtempSync(join(tmpdir(), 'fsva-mount-'))
t.teardown(() => rmSync(scratch, { recursive: true }))
const root = join(scratch, 'export')
const nested = join(root, 'sub', 'nested')
const closed = join(scratch, 'closed')
for (const path of [nested, closed, join(root, 'a', 'b')]) mkdirSync(path, { recursive: true })
mkdirSync(join(scratch, 'outside'))
const oddName = Buffer.from([0x6f, 0xff, 0xfe, 0x20])
mkdirSync(Buffer.concat([Buffer.from(`${root}/`), oddName]))
writeFileSync(join(root, 'file'), 'x')
symlinkSync(join(scratch, 'outside'), join(root, 'escape'))
symlinkSync('/etc', join(root, 'absolute'))

const open = { secure: false }
const definitions: ExportDefinition[] = [
  { path: root, ...open },
  { path: nested, ...open, squash: 'all_squash', clients: ['*'] },
  { path: closed, ...open, clients: ['192.0.2.0/24', 'host.invalid'] },
]

let states = 0

async function serve(t: Test, exports: readonly ExportDefinition[] = definitions) {
  const server: Server = createServer({
    exports,
    port: 0,
    mountPort: 0,
    rpcbind: 'off',
    stateDir: join(scratch, `state-${states++}`),
    hostLookup: async () => [],
  })
  t.teardown(() => server.close())
  const { nfs, mount } = await server.start()
  const port = mount[0]!.port
  const client = await TcpRpcClient.connect({ host: '127.0.0.1', port })
  t.teardown(() => client.close())
  return { server, client, udpClient: new UdpRpcClient('127.0.0.1', port), nfsPort: nfs[0]!.port }
}

const bytes = (path: string | Uint8Array) => (typeof path === 'string' ? Buffer.from(path) : path)

const mnt = (client: RpcClient, path: string | Uint8Array) =>
  client.call(MOUNT_PROGRAM, MOUNT_V3, v3.MOUNTPROC3_MNT, bytes(path))

async function statusOf(client: RpcClient, path: string | Uint8Array) {
  return (await mnt(client, path)).fhs_status
}

async function handleOf(client: RpcClient, path: string | Uint8Array): Promise<Buffer> {
  const result = await mnt(client, path)
  if (result.fhs_status !== mountstat3.MNT3_OK) throw new Error(`${path}: status ${result.fhs_status}`)
  return Buffer.from(result.mountinfo.fhandle)
}

async function mounts(client: RpcClient): Promise<string[]> {
  const list = await client.call(MOUNT_PROGRAM, MOUNT_V3, v3.MOUNTPROC3_DUMP, undefined)
  return list.map(
    ({ ml_hostname, ml_directory }) => `${Buffer.from(ml_hostname)}:${Buffer.from(ml_directory)}`,
  )
}

t.test('an export, and directories below it, by TCP and UDP', async (t) => {
  const { client, udpClient, nfsPort } = await serve(t)
  const handle = await handleOf(client, root)
  t.ok(handle.length >= 1 && handle.length <= 64)
  for (const path of [`${root}/`, `${root}//`, `/${root}/.`])
    t.same(await handleOf(client, path), handle, path)
  t.same(await handleOf(udpClient, root), handle)
  const below = await handleOf(client, `${root}/a/b`)
  t.notSame(below, handle)
  t.same(await handleOf(udpClient, `${root}/a//b/`), below)
  t.same(await handleOf(client, `${root}/a/../a/b`), below)
  await handleOf(client, Buffer.concat([Buffer.from(`${root}/`), oddName]))

  const nfsClient = await TcpRpcClient.connect({ host: '127.0.0.1', port: nfsPort })
  t.teardown(() => nfsClient.close())
  const { status } = await nfsClient.call(NFS_PROGRAM, NFS_V3, nfs.NFSPROC3_GETATTR, {
    object: { data: below },
  })
  t.equal(status, 0, 'NFS knows the handle')
})

t.test('the deepest export counts', async (t) => {
  const { client } = await serve(t)
  const flavors = async (path: string) => {
    const result = await mnt(client, path)
    return result.fhs_status === mountstat3.MNT3_OK ? result.mountinfo.auth_flavors : undefined
  }
  t.same(await flavors(root), [AUTH_SYS])
  t.same(
    await flavors(nested),
    [AUTH_SYS, AUTH_NONE],
    'without a credential one is anonymous, as everybody is',
  )
  t.same(await flavors(join(root, 'sub')), [AUTH_SYS])
})

t.test('what cannot be mounted', async (t) => {
  const { client } = await serve(t)
  const refusals: [string | Uint8Array, mountstat3][] = [
    [scratch, mountstat3.MNT3ERR_ACCES],
    ['/', mountstat3.MNT3ERR_ACCES],
    ['', mountstat3.MNT3ERR_ACCES],
    ['export', mountstat3.MNT3ERR_ACCES],
    [`${root}x`, mountstat3.MNT3ERR_ACCES],
    [`${root}/missing`, mountstat3.MNT3ERR_NOENT],
    [`${root}/file`, mountstat3.MNT3ERR_NOTDIR],
    [`${root}/file/x`, mountstat3.MNT3ERR_NOTDIR],
    [`${root}/${'n'.repeat(256)}`, mountstat3.MNT3ERR_NAMETOOLONG],
    [`${root}/a\0b`, mountstat3.MNT3ERR_INVAL],
    [closed, mountstat3.MNT3ERR_ACCES],
  ]
  for (const [path, status] of refusals)
    t.equal(await statusOf(client, path), status, JSON.stringify(`${path}`))
  for (const path of ['escape', 'absolute', '..', '../outside', 'a/../../outside']) {
    t.not(await statusOf(client, `${root}/${path}`), mountstat3.MNT3_OK, `${path} leads out of the export`)
  }
  await t.rejects(mnt(client, Buffer.alloc(1025, 0x2f)), /exceeds|maximum/, 'the encoder knows the limit')
  t.same(await mounts(client), [], 'nothing of this is remembered')
})

t.test('secure ports', async (t) => {
  const { client } = await serve(t, [{ path: root }])
  t.equal(await statusOf(client, root), mountstat3.MNT3ERR_ACCES)
})

t.test('the mount list', async (t) => {
  const { client, udpClient } = await serve(t)
  for (const path of [root, `${root}/`, `${root}/a`, nested]) await mnt(client, path)
  t.same(
    await mounts(client),
    [root, `${root}/a`, nested].map((path) => `127.0.0.1:${path}`),
  )
  await client.call(MOUNT_PROGRAM, MOUNT_V3, v3.MOUNTPROC3_UMNT, bytes(`${root}/a/`))
  await client.call(MOUNT_PROGRAM, MOUNT_V3, v3.MOUNTPROC3_UMNT, bytes('/never/mounted'))
  t.same(
    await mounts(client),
    [root, nested].map((path) => `127.0.0.1:${path}`),
  )
  const dumped = client.call(MOUNT_PROGRAM, MOUNT_V1, v1.MOUNTPROC_DUMP, undefined)
  t.equal((await dumped).length, 2, 'version 1 sees the same')
  await t.rejects(
    mounts(udpClient),
    new RpcReplyError('AUTH_TOOWEAK'),
    'a forged address must not get a long list',
  )
  await udpClient.call(MOUNT_PROGRAM, MOUNT_V3, v3.MOUNTPROC3_UMNTALL, undefined)
  t.same(await mounts(client), [])
})

t.test('the export list, which can be replaced while the server runs', async (t) => {
  const { server, client, udpClient } = await serve(t)
  const listed = async (from: RpcClient) => {
    const list = await from.call(MOUNT_PROGRAM, MOUNT_V3, v3.MOUNTPROC3_EXPORT, undefined)
    return list.map(({ ex_dir, ex_groups }) => [
      `${Buffer.from(ex_dir)}`,
      ...ex_groups.map(({ gr_name }) => `${Buffer.from(gr_name)}`),
    ])
  }
  const before = [
    [root, '*'],
    [nested, '*'],
    [closed, '192.0.2.0/24', 'host.invalid'],
  ]
  t.same(await listed(client), before)
  t.same(await listed(udpClient), before)
  const byV1 = await client.call(MOUNT_PROGRAM, MOUNT_V1, v1.MOUNTPROC_EXPORT, undefined)
  t.equal(byV1.length, 3)
  await server.reload([{ path: closed, ...open }])
  t.same(await listed(client), [[closed, '*']])
  t.equal(await statusOf(client, root), mountstat3.MNT3ERR_ACCES)
  t.equal(await statusOf(client, closed), mountstat3.MNT3_OK)
})

t.test('version 1, whose handles have 32 bytes', async (t) => {
  const { client } = await serve(t)
  const v1mnt = (path: string) => client.call(MOUNT_PROGRAM, MOUNT_V1, v1.MOUNTPROC_MNT, bytes(path))
  const handle = await handleOf(client, root)
  const result = await v1mnt(root)
  if (handle.length === 32) t.same(result, { status: 0, directory: handle })
  else t.same(result, { status: 13 }, 'a handle of another length does not fit')
  t.match(await v1mnt(`${root}/missing`), { status: 2 })
  await client.call(MOUNT_PROGRAM, MOUNT_V1, v1.MOUNTPROC_UMNTALL, undefined)
  await client.call(MOUNT_PROGRAM, MOUNT_V1, v1.MOUNTPROC_NULL, undefined)
})

t.test('versions and procedures that there are not', async (t) => {
  const { client, udpClient } = await serve(t)
  for (const from of [client, udpClient]) {
    const ask = (version: number, number: number) =>
      from.call(MOUNT_PROGRAM, version, { ...v3.MOUNTPROC3_NULL, number }, undefined)
    await ask(3, 0)
    await t.rejects(ask(2, 0), new RpcReplyError('PROG_MISMATCH', { low: 1, high: 3 }))
    await t.rejects(ask(4, 0), new RpcReplyError('PROG_MISMATCH', { low: 1, high: 3 }))
    await t.rejects(ask(3, 6), new RpcReplyError('PROC_UNAVAIL'))
    await t.rejects(ask(3, 1), new RpcReplyError('GARBAGE_ARGS'))
  }
})
