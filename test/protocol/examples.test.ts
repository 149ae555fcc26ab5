import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES as mount3,
} from '../../nfs-server/xdr/generated/mount.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_PROCEDURES as nfs3 } from '../../nfs-server/xdr/generated/nfs3.ts'

const root = join(import.meta.dirname, '..', '..')
const credential = { uid: 0, gid: 0 }

t.test('the memory server of the library documentation serves files', async (t) => {
  const program = join(root, 'nfs-server', 'examples', 'memory-server.ts')
  const child = spawn(process.execPath, [program, '0', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  child.stdout.setEncoding('utf8')
  const [line] = (await once(child.stdout, 'data')) as [string]
  const port = (name: string) => Number(new RegExp(`,${name}=(\\d+)`).exec(line)?.[1])

  const mount = await TcpRpcClient.connect({ host: '127.0.0.1', port: port('mountport') }, { credential })
  const mounted = await mount.call(MOUNT_PROGRAM, MOUNT_V3, mount3.MOUNTPROC3_MNT, Buffer.from('/memory'))
  mount.close()
  if (mounted.fhs_status !== 0) throw new Error(`MNT: ${mounted.fhs_status}`)
  const dir = { data: mounted.mountinfo.fhandle }

  const nfs = await TcpRpcClient.connect({ host: '127.0.0.1', port: port('port') }, { credential })
  t.teardown(() => nfs.close())
  const made = await nfs.call(NFS_PROGRAM, NFS_V3, nfs3.NFSPROC3_MKDIR, {
    where: { dir, name: Buffer.from('made') },
    attributes: {
      mode: 0o755,
      uid: undefined,
      gid: undefined,
      size: undefined,
      atime: { set_it: 0 },
      mtime: { set_it: 0 },
    },
  })
  t.equal(made.status, 0)
  const found = await nfs.call(NFS_PROGRAM, NFS_V3, nfs3.NFSPROC3_LOOKUP, {
    what: { dir, name: Buffer.from('made') },
  })
  t.equal(found.status, 0)

  const summary = once(child.stdout, 'data')
  child.kill('SIGINT')
  t.match((await summary)[0], /MKDIR: 1/)
  t.same(await ended, [0, null])
})

t.test('the documentation shows the example as it is', async (t) => {
  const example = readFileSync(join(root, 'nfs-server/examples/memory-server.ts'), 'utf8')
  const document = readFileSync(join(root, 'docs/library.md'), 'utf8')
  t.ok(document.includes(example.slice(example.indexOf('import { mkdtempSync'))))
})
