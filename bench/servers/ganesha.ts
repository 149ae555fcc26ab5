import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess } from './process.ts'
import type { RunningServer, ServerKind } from './server.ts'

const port = 12049
const mountPort = 12048

/** NFS-Ganesha with its VFS back end, from Debian's packages, with the defaults of its package otherwise. */
export const ganesha: ServerKind = {
  name: 'ganesha',
  missing() {
    const there = ['/usr/bin/ganesha.nfsd', '/usr/sbin/rpcbind'].every((file) => existsSync(file))
    return there ? undefined : 'apt-get install nfs-ganesha nfs-ganesha-vfs rpcbind'
  },
  async start(directory: string, scratch: string): Promise<RunningServer> {
    const file = join(scratch, 'ganesha.conf')
    writeFileSync(file, configuration(directory))
    for (const folder of ['/run/ganesha', '/run/rpcbind']) mkdirSync(folder, { recursive: true })
    // Ganesha does not start without an rpcbind to register with.
    const rpcbind = new ServerProcess('/usr/sbin/rpcbind', ['-f', '-w'], join(scratch, 'rpcbind.log'))
    await rpcbind.accepting(111, 5)
    const words = ['-F', '-f', file, '-L', join(scratch, 'ganesha.log'), '-p', '/run/ganesha/pid']
    const server = new ServerProcess('/usr/bin/ganesha.nfsd', words, join(scratch, 'ganesha.out'))
    await server.accepting(port, 20)
    await server.accepting(mountPort, 20)
    return {
      port,
      mountPort,
      pid: server.child.pid!,
      async stop() {
        await server.stop()
        await rpcbind.stop()
      },
    }
  },
}

/** As Debian counts; empty if it is not there or did not come as a package. */
export function ganeshaVersion(): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format language.
  const words = ['-W', '-f', '${source:Upstream-Version}', 'nfs-ganesha']
  const version = spawnSync('dpkg-query', words, { encoding: 'utf8' }).stdout
  return ganesha.missing() === undefined && version ? `NFS-Ganesha ${version}` : ''
}

const configuration = (directory: string) => `
NFS_CORE_PARAM {
  NFS_Port = ${port}; MNT_Port = ${mountPort}; Protocols = 3;
  Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; mount_path_pseudo = false;
}
EXPORT {
  Export_Id = 1; Path = ${directory}; Pseudo = /bench; Access_Type = RW; Squash = No_Root_Squash;
  Protocols = 3; Transports = TCP; SecType = sys; FSAL { Name = VFS; }
}
LOG { Default_Log_Level = WARN; }
`
