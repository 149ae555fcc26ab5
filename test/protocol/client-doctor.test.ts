import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Dispatcher } from '../../nfs-server/rpc/dispatch.ts'
import { RpcListener } from '../../nfs-server/rpc/listener.ts'
import type { RpcProgram } from '../../nfs-server/rpc/program.ts'
import { createServer } from '../../nfs-server/server.ts'
import { MemoryVfs } from '../../nfs-server/vfs/memory-vfs.ts'
import { NFS_PROGRAM } from '../../nfs-server/xdr/generated/nfs3.ts'
import { runClient } from './client-process.ts'

// Many processes, each of which takes its time on a busy machine.
t.setTimeout(120_000)

const directory = mkdtempSync(join(tmpdir(), 'fsva-doctor-'))
const server = createServer({
  exports: [
    { path: '/open', secure: false },
    { path: '/closed', secure: false, clients: ['192.0.2.1'] },
    { path: '/secure', secure: true },
  ],
  vfs: new MemoryVfs(),
  port: 0,
  mountPort: 0,
  rpcbind: 'off',
  stateDir: join(directory, 'state'),
})
const { nfs, mount } = await server.start()
t.teardown(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})
const portOptions = ['--port', String(nfs[0]!.port), '--mount-port', String(mount[0]!.port)]

interface Report {
  readonly ok: boolean
  readonly steps: readonly {
    name: string
    status: string
    detail: string
    advice?: string
    exitCode?: number
  }[]
}

async function doctor(target: string, options = portOptions, wrapper: string[] = []) {
  const { code, stdout, stderr } = await runClient(['doctor', target, ...options, '--json'], wrapper)
  if (stdout === '') throw new Error(stderr)
  const report = JSON.parse(stdout) as Report
  const step = (name: string) => report.steps.find((each) => each.name === name)
  return { code, ok: report.ok, step, last: report.steps.at(-1) }
}

t.test('a good export', async (t) => {
  const { code, ok, step } = await doctor('127.0.0.1:/open')
  t.equal(code, 0)
  t.equal(ok, true)
  for (const name of ['name', 'nfs', 'mount', 'exports', 'export', 'fsinfo', 'getattr', 'verdict']) {
    t.match(step(name), { status: 'ok' }, name)
  }
  t.match(step('exports')?.detail, /\/open \(\*\), \/closed \(192\.0\.2\.1\)/)
  t.match(step('getattr')?.detail, /mode 0755, owner 0/)
  t.match(step('verdict')?.detail, /^it can be mounted: mount -t nfs -o vers=3,.*,port=\d+,mountport=\d+/)
})

t.test('the same for people', async (t) => {
  const { code, stdout } = await runClient(['doctor', '127.0.0.1:/open', ...portOptions])
  t.equal(code, 0)
  t.match(stdout, /^ok {4}export {5}the server lets us mount \/open$/m)
})

t.test('only a server', async (t) => {
  const { code, step } = await doctor('127.0.0.1')
  t.equal(code, 0)
  t.match(step('exports'), { status: 'ok' })
  t.equal(step('export'), undefined)
  t.equal(step('verdict'), undefined)
})

t.test('an export that is none', async (t) => {
  const { code, step } = await doctor('127.0.0.1:/nothing')
  t.equal(code, 4)
  t.match(step('export'), {
    status: 'failed',
    detail: 'the server does not export /nothing',
    advice: /it exports \/open/,
  })
  t.equal(step('fsinfo'), undefined, 'what depends on it is not tried')
  const below = await doctor('127.0.0.1:/open/nothing')
  t.match(below.step('export'), {
    detail: '/open/nothing lies in the export /open, but does not exist there',
  })
})

t.test('an export for others', async (t) => {
  const { code, step } = await doctor('127.0.0.1:/closed')
  t.equal(code, 4)
  t.match(step('export'), { detail: 'the server refuses /closed to this client (it is for 192.0.2.1)' })
})

t.test('an export for privileged ports', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
  t.equal((await doctor('127.0.0.1:/secure')).code, 0)
  const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const { code, step } = await doctor('127.0.0.1:/secure', portOptions, user)
  t.equal(code, 4)
  t.match(step('export')?.advice, /port above 1023.*try as root/)
})

t.test('nothing listens', async (t) => {
  const { code, step, last } = await doctor('127.0.0.1:/open', ['--port', '1', '--mount-port', '1'])
  t.equal(code, 3)
  t.match(step('nfs'), { detail: /nothing listens there; the machine is up/, advice: /port=PORT/ })
  t.equal(last?.name, 'mount', 'nothing is asked of a service that is not there')
})

t.test('a name without address', async (t) => {
  const { code, last } = await doctor('no-such-host.invalid:/open')
  t.equal(code, 3)
  t.match(last, { name: 'name', status: 'failed' })
})

t.test('other versions and programs', async (t) => {
  const versionFour: RpcProgram = { number: NFS_PROGRAM, name: 'nfs', versions: new Map([[4, []]]) }
  const listener = new RpcListener()
  t.teardown(() => listener.close())
  const local = { address: '127.0.0.1', port: 0 }
  const four = await listener.listenTcp(new Dispatcher([versionFour]), local)
  const none = await listener.listenTcp(new Dispatcher([]), local)
  const mountPort = ['--mount-port', String(mount[0]!.port)]
  const old = await doctor('127.0.0.1:/open', ['--port', String(four.port), ...mountPort])
  t.equal(old.code, 5)
  t.match(old.step('nfs')?.detail, /offers only version 4; version 3 is needed/)
  const other = await doctor('127.0.0.1:/open', ['--port', String(none.port), ...mountPort])
  t.equal(other.code, 5)
  t.match(other.step('nfs')?.detail, /does not offer this program/)
})

t.test('something that is no RPC server', async (t) => {
  const web = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  t.teardown(() => web.server.close())
  const garbled = await doctor('127.0.0.1:/open', ['--port', String(web.port), '--mount-port', '1'])
  t.equal(garbled.code, 1)
  t.match(garbled.step('nfs')?.detail, /something answers, but not as NFS should/)
  const mute = await listen(createTcpServer((socket) => socket.destroy()))
  t.teardown(() => mute.server.close())
  const closed = await doctor('127.0.0.1:/open', ['--port', String(mute.port), '--mount-port', '1'])
  t.match(closed.step('nfs')?.detail, /closed the connection without an answer/)
})

async function listen(tcp: TcpServer): Promise<{ server: TcpServer; port: number }> {
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  return { server: tcp, port: (tcp.address() as { port: number }).port }
}

t.test('mount and umount explain what is wrong on this side', async (t) => {
  t.match(await runClient(['mount', '/srv', '/mnt']), { code: 2, stderr: /the server is missing/ })
  t.match(await runClient(['mount', 'host:/srv']), {
    code: 2,
    stderr: /missing required argument 'directory'/,
  })
  t.match(await runClient(['mount', 'host', '/mnt']), { code: 2, stderr: /"host" is not SERVER:\/export/ })
  const user = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const asUser = await runClient(
    ['mount', '127.0.0.1:/open', directory],
    process.getuid?.() === 0 ? user : [],
  )
  t.match(asUser, { code: 6, stderr: /mounting takes root/ })
  const plain = join(directory, 'plain')
  mkdirSync(plain)
  t.match(await runClient(['umount', plain]), { code: 8, stderr: /is not a mount point/ })
  t.match(await runClient(['umount', '/proc']), { code: 8, stderr: /is not an NFS mount, but proc \(proc\)/ })
  t.match(await runClient(['nonsense']), { code: 2, stderr: /unknown command 'nonsense'/ })
})
