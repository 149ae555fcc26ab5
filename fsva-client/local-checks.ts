import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { release } from 'node:os'
import { join, resolve } from 'node:path'
import { ClientError, ExitCode } from './exit-codes.ts'

const helperPlaces = ['/sbin/mount.nfs', '/usr/sbin/mount.nfs']

/** Where mount(8)'s helper for NFS is; undefined if it is not installed. */
export function findMountHelper(): string | undefined {
  return helperPlaces.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** How the kernel can speak NFS version 3. */
export type KernelSupport = 'ready' | 'module' | 'none'

/** 'ready' if nfs is among the kernel's file systems, 'module' if it can be loaded. */
export function kernelSupport(): KernelSupport {
  const fileSystems = readFileSync('/proc/filesystems', 'utf8')
  if (/^(nodev)?\tnfs$/m.test(fileSystems)) return 'ready'
  for (const root of ['/lib/modules', '/usr/lib/modules']) {
    const directory = join(root, release(), 'kernel/fs/nfs')
    if (existsSync(directory) && readdirSync(directory).some((file) => file.startsWith('nfs.ko')))
      return 'module'
  }
  return 'none'
}

/** Throws a ClientError unless this machine and user can mount NFS at all. */
export function checkMachine(uid: number): void {
  if (uid !== 0) {
    throw new ClientError(ExitCode.notPermitted, 'mounting takes root', 'run it with sudo')
  }
  if (findMountHelper() === undefined) {
    throw new ClientError(
      ExitCode.notSupported,
      'mount.nfs is not installed, which mount(8) runs for NFS',
      'install it: "apt install nfs-common" on Debian and Ubuntu, "dnf install nfs-utils" on Fedora and RHEL',
    )
  }
  if (kernelSupport() === 'none') {
    throw new ClientError(
      ExitCode.notSupported,
      `this kernel (${release()}) has no NFS client, neither built in nor as a module`,
      'install the modules of this kernel ("linux-modules-extra" on Ubuntu clouds) or run another kernel',
    )
  }
}

/** Throws a ClientError unless `directory` can become a mount point; answers its absolute path. */
export function checkMountPoint(directory: string): string {
  const path = resolve(directory)
  let isDirectory: boolean
  try {
    isDirectory = statSync(path).isDirectory()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      throw new ClientError(ExitCode.mountPoint, `${path} does not exist`, `create it: mkdir -p ${path}`)
    }
    if (code === 'ESTALE') {
      throw new ClientError(
        ExitCode.mountPoint,
        `${path} is a mount whose server has forgotten it`,
        `unmount it first: fsva-client umount --force ${path}`,
      )
    }
    throw new ClientError(ExitCode.mountPoint, `${path} cannot be used: ${message}`)
  }
  if (!isDirectory) throw new ClientError(ExitCode.mountPoint, `${path} is not a directory`)
  const mounted = mountedAt(path)
  if (mounted !== undefined) {
    throw new ClientError(
      ExitCode.mountPoint,
      `${path} is a mount point already: ${mounted.source} (${mounted.type})`,
      `choose another directory, or unmount that first: fsva-client umount ${path}`,
    )
  }
  return path
}

export interface Mounted {
  readonly source: string
  readonly type: string
  /** Of the file system, separated by commas; for NFS all of nfs(5), chosen by whomever. */
  readonly options: string
}

/** What is mounted at exactly this path; the topmost of several. */
export function mountedAt(path: string): Mounted | undefined {
  let found: Mounted | undefined
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const fields = line.split(' ')
    const separator = fields.indexOf('-')
    if (separator < 0 || decodeOctal(fields[4] ?? '') !== Buffer.from(path).toString('latin1')) continue
    const [type = '', source = '', options = ''] = fields.slice(separator + 1)
    found = { type, source: decodeOctal(source), options }
  }
  return found
}

/** mountinfo writes white space and backslashes as \ooo (proc_pid_mountinfo(5)). */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
}
