/**
 * The servers as processes of this machine, and a user-mode Linux as their client: everything at the processor's own speed.
 * Their export, and the image of the client's own disk, are ext4 in memory.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeDisk } from '../../test/vm/disk.ts'
import { mountDisk } from '../../test/vm/file-systems.ts'
import type { Network } from '../../test/vm/network.ts'
import { Nfsd } from '../../test/vm/nfsd.ts'
import { RunScope } from '../../test/vm/run-scope.ts'
import { fetchUserModeLinux, UserModeLinux, userModeScripts } from '../../test/vm/user-mode-linux.ts'
import { ganesha } from '../servers/ganesha.ts'
import type { RunningServer } from '../servers/server.ts'
import { clientRoot } from './client-root.ts'
import { type Machines, nfsMount, type Target } from './machines.ts'
import type { Sizes } from './workload.ts'

const host = '10.79.0.1'
const guest = '10.79.0.2'
const diskMiB = 2048
const memoryMiB = 2048

const remark =
  'fsva makes every change of a directory durable before it answers, as knfsd does; Ganesha does not, and neither does a local disk.'

/** What comes by network or takes long to make. */
export async function fetchUserMode(sizes: Sizes): Promise<void> {
  await Promise.all([clientRoot(sizes, userModeScripts), fetchUserModeLinux()])
}

export async function userModeMachines(sizes: Sizes): Promise<Machines> {
  const root = await clientRoot(sizes, userModeScripts)
  const scope = new RunScope()
  const local = join('/dev/shm', `${scope.name}-local`)
  scope.onClose(() => rmSync(local, { force: true }))
  let peer: RunningServer | undefined
  try {
    await makeDisk(local, 'ext4', diskMiB)
    const exported = join(scope.directory, 'export')
    mkdirSync(exported)
    await mountDisk(scope, 'ext4', exported, diskMiB)
    chmodSync(exported, 0o1777)
    const tap = { name: 'fsva-tap', host: `${host}/24`, guest: `${guest}/24` }
    const client = await UserModeLinux.boot(scope, { root, disks: [local], tap, memoryMiB })
    const ours = await Nfsd.start(scope, onTap, { exports: [exported] })
    const targets: Target[] = [
      {
        name: 'fsva',
        mount: nfsMount(host, exported, { port: ours.ports.nfs, mountPort: ours.ports.mount }),
      },
    ]
    const missing = ganesha.missing()
    if (missing !== undefined) process.stderr.write(`ganesha is left out; to have it: ${missing}\n`)
    else {
      peer = await ganesha.start(exported, scope.directory)
      targets.push({ name: 'ganesha', mount: nfsMount(host, exported, peer) })
    }
    targets.push({ name: 'local', mount: '-t ext4 /dev/ubdb' })
    return {
      description:
        'fsva-nfsd and NFS-Ganesha run on this machine and export the same ext4 in memory; the client is a user-mode Linux, whose own disk is an image with ext4 in memory.',
      remark,
      kernel: client.kernelVersion,
      targets,
      bash: (script, timeoutMs) => client.bash(script, timeoutMs),
      close: async () => {
        client.kill()
        await peer?.stop()
        scope.close()
      },
    }
  } catch (error) {
    await peer?.stop()
    scope.close()
    throw error
  }
}

const onTap: Network = {
  kind: 'user',
  listenAddress: host,
  serverAddress: host,
  inside: (argv) => [...argv],
  attach: () => {
    throw new Error('its client is attached already')
  },
}
