/** A server with a side channel on a Unix socket, and the handle of a file that it serves. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES as mount,
  mountstat3,
} from '../../nfs-server/xdr/generated/mount.ts'
import {
  NFS_PROGRAM,
  NFS_V3,
  NFS_V3_PROCEDURES as nfs,
  nfsstat3,
} from '../../nfs-server/xdr/generated/nfs3.ts'
import { ServerProcess } from '../servers/process.ts'

export const port = 22049
export const mountPort = 22048
/** Fits into memory with the rest, and is more than any cache of the processor. */
export const fileBytes = 64 << 20

export interface ServedFile {
  readonly server: ServerProcess
  readonly directory: string
  readonly socket: string
  readonly handle: Uint8Array
}

/** `prefix`: words in front of the server's command, such as taskset's. */
export async function serveFile(scratch: string, prefix: readonly string[]): Promise<ServedFile> {
  const directory = join(scratch, 'export')
  mkdirSync(directory, { mode: 0o777 })
  writeFileSync(join(directory, 'file'), Buffer.alloc(fileBytes, 0x5a))
  const socket = join(scratch, 'channel.sock')
  const config = {
    // Nobody else stores into the file: what was read may be mapped again.
    exports: [
      {
        path: directory,
        clients: ['127.0.0.1'],
        secure: false,
        squash: 'no_root_squash',
        mapped_stores: false,
      },
    ],
    listen: ['127.0.0.1'],
    port,
    mount_port: mountPort,
    rpcbind: 'off',
    state_directory: join(scratch, 'state'),
    side_channel: { socket, memory_bytes_max: 256 << 20 },
  }
  // JSON is YAML.
  const file = join(scratch, 'config.yaml')
  writeFileSync(file, JSON.stringify(config))
  const bin = join(import.meta.dirname, '..', '..', 'nfs-server', 'bin', 'fsva-nfsd.js')
  const [command, ...words] = [...prefix, process.execPath, bin, '--config', file]
  const server = new ServerProcess(command!, words, join(scratch, 'server.log'))
  try {
    await server.accepting(port, 60)
    await server.accepting(mountPort, 60)
    return { server, directory, socket, handle: await handleOf(directory, 'file') }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function handleOf(directory: string, name: string): Promise<Uint8Array> {
  const credential = { machineName: 'bench', uid: 0, gid: 0, gids: [] }
  const connect = (to: number) => TcpRpcClient.connect({ host: '127.0.0.1', port: to }, { credential })
  const mounts = await connect(mountPort)
  const mounted = await mounts.call(MOUNT_PROGRAM, MOUNT_V3, mount.MOUNTPROC3_MNT, Buffer.from(directory))
  mounts.close()
  if (mounted.fhs_status !== mountstat3.MNT3_OK) throw new Error(`MNT: mountstat3 ${mounted.fhs_status}`)
  const files = await connect(port)
  const what = { dir: { data: mounted.mountinfo.fhandle }, name: Buffer.from(name) }
  const found = await files.call(NFS_PROGRAM, NFS_V3, nfs.NFSPROC3_LOOKUP, { what })
  files.close()
  if (found.status !== nfsstat3.NFS3_OK) throw new Error(`LOOKUP: nfsstat3 ${found.status}`)
  return found.resok.object.data
}
