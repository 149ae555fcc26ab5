import { ClientError, ExitCode } from './exit-codes.ts'
import { mountOnce } from './export-survey.ts'
import { checkMachine, checkMountPoint } from './local-checks.ts'
import { type AttributeTimeouts, chooseOptions, numberOption } from './mount-options.ts'
import { RpcFailure } from './rpc-failure.ts'
import { run } from './run.ts'
import { findServer, locate, reachMount } from './server-survey.ts'
import { hasStatusMonitor } from './status-monitor.ts'
import { mountSource, type Target } from './target.ts'

export interface MountRequest {
  readonly target: Target & { readonly path: string }
  readonly directory: string
  /** The user's own mount options, separated by commas; empty for none. */
  readonly options: string
  readonly port: number | undefined
  readonly mountPort: number | undefined
  /** Other ones than the kernel's. */
  readonly timeouts?: AttributeTimeouts | undefined
  /** Say what would be done, and do not do it. */
  readonly dryRun: boolean
}

/** Mounts, or throws a ClientError that says why not. Answers the command that was run. */
export async function mountExport(request: MountRequest): Promise<string> {
  const { target, options } = request
  checkMachine(process.getuid?.() ?? 0)
  const directory = checkMountPoint(request.directory)
  const given = {
    nfs: request.port ?? numberOption(options, 'port'),
    mount: request.mountPort ?? numberOption(options, 'mountport'),
  }
  // Asked here, what is wrong can be said: mount.nfs would try for two minutes and then say "timed out".
  const { address, ports, nfs } = await locate(target.server, await findServer(target.server), given)
  if (nfs instanceof ClientError) throw nfs
  nfs.close()
  const mount = await reachMount(target.server, address, ports.mount)
  try {
    const chosen = `${chooseOptions(ports, options, await hasStatusMonitor(), request.timeouts)},retry=0`
    const args = ['-t', 'nfs', '-o', chosen, mountSource(target.server, target.path), directory]
    const command = ['mount', ...args].join(' ')
    if (request.dryRun) return command
    const { code, output } = await run('mount', args)
    if (code !== 0) throw await explainFailure(output, target.path, mount)
    return command
  } finally {
    mount.close()
  }
}

/** The server's own answer says more than mount(8)'s, so that comes first. */
async function explainFailure(
  output: string,
  path: string,
  mount: Parameters<typeof mountOnce>[0],
): Promise<ClientError> {
  try {
    await mountOnce(mount, path)
  } catch (error) {
    if (error instanceof ClientError) return error
    if (!(error instanceof RpcFailure)) throw error
  }
  if (/unknown filesystem type|No such device|Protocol not supported/i.test(output)) {
    return new ClientError(
      ExitCode.notSupported,
      `the kernel cannot mount NFS version 3: ${output}`,
      'load its module (modprobe nfsv3), or install the modules of this kernel',
    )
  }
  if (/only root|must be superuser|Operation not permitted/i.test(output)) {
    return new ClientError(
      ExitCode.notPermitted,
      `mount(8) was not permitted: ${output}`,
      'in a container, mounting takes the capability CAP_SYS_ADMIN',
    )
  }
  if (/access denied/i.test(output)) {
    return new ClientError(ExitCode.exportRefused, `the server refuses: ${output}`, "see the server's log")
  }
  return new ClientError(ExitCode.failed, output || 'mount(8) failed without a word')
}
