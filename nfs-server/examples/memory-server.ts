/**
 * A server whose file system lives in memory: node nfs-server/examples/memory-server.ts [PORT MOUNT_PORT]
 * Give two ports to choose them; 0 picks a free one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '@fsva/nfs-server'
import { MemoryVfs } from '@fsva/nfs-server/vfs/memory-vfs'

const [port = 2049, mountPort = 20048] = process.argv.slice(2).map(Number)
// Nothing outlives the process here, so the key that signs file handles need not either.
const stateDir = mkdtempSync(join(tmpdir(), 'memory-server-'))

const server = createServer({
  exports: [{ path: '/memory', squash: 'no_root_squash', secure: false }],
  vfs: new MemoryVfs(),
  port,
  mountPort,
  rpcbind: 'off',
  stateDir,
})
const { nfs, mount } = await server.start()
const options = `vers=3,nolock,proto=tcp,port=${nfs[0]?.port},mountproto=tcp,mountport=${mount[0]?.port}`
console.log(`mount -t nfs -o ${options} 127.0.0.1:/memory /mnt`)

process.once('SIGINT', async () => {
  await server.drain(5000)
  rmSync(stateDir, { recursive: true })
  console.log(server.metrics.summary())
})
