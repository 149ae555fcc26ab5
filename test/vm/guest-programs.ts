/**
 * Programs of this machine that go into a VM, each with the shared libraries it needs. They bring their own
 * C library, so they run on whatever kernel the VM boots.
 */
import { realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import { command, requireProgram } from './command.ts'

/** Programs by the Debian package that has them: the stock NFS client and what the tests do on its mounts. */
export const userPrograms: Readonly<Record<string, readonly string[]>> = {
  'nfs-common': ['mount.nfs', 'umount.nfs', 'showmount', 'rpc.statd', 'sm-notify'],
  rpcbind: ['rpcinfo', 'rpcbind'],
  // busybox's own shell prefers its built-in tools to the programs of the PATH.
  dash: ['dash'],
  bash: ['bash'],
  mount: ['mount', 'umount', 'losetup'],
  git: ['git'],
  sqlite3: ['sqlite3'],
  acl: ['getfacl', 'setfacl'],
  attr: ['getfattr'],
  xfsprogs: ['xfs_quota'],
  coreutils: [
    ...['cat', 'chmod', 'chown', 'cp', 'dd', 'df', 'du', 'install', 'link', 'ln', 'ls', 'md5sum', 'mkdir'],
    ...['mkfifo', 'mknod', 'mv', 'rm', 'rmdir', 'seq', 'sha256sum', 'sort', 'stat', 'sync', 'tail', 'tee'],
    ...['touch', 'truncate', 'unlink', 'wc'],
  ],
  findutils: ['find', 'xargs'],
  tar: ['tar'],
  diffutils: ['cmp', 'diff'],
  'util-linux': ['flock', 'fallocate', 'setpriv'],
}

export interface GuestFile {
  /** Absolute path in the VM. */
  readonly path: string
  /** The host's file. */
  readonly source: string
}

/** The programs and libraries of a package list; a missing one throws an error that names its package. */
export async function collectPrograms(
  programs: Readonly<Record<string, readonly string[]>>,
): Promise<GuestFile[]> {
  const files = new Map<string, string>()
  for (const [aptPackage, names] of Object.entries(programs)) {
    for (const name of names) {
      const found = requireProgram(name, aptPackage)
      const directory = found.includes('/sbin/') ? '/usr/sbin' : '/usr/bin'
      files.set(`${directory}/${basename(found)}`, await realpath(found))
    }
  }
  for (const library of await sharedLibraries([...new Set(files.values())])) {
    files.set(inUsr(library), await realpath(library))
  }
  return [...files].map(([path, source]) => ({ path, source }))
}

/** The shared libraries, the dynamic loader included, that the given ELF files need. */
export async function sharedLibraries(elfFiles: readonly string[]): Promise<string[]> {
  const libraries = new Set<string>()
  for (const file of elfFiles) {
    // ldd fails for a static program and for a script: neither needs anything.
    const output = await command('ldd', [file]).catch(() => '')
    for (const match of output.matchAll(/(?:=> )?(\/\S+) \(0x/g)) libraries.add(match[1]!)
    if (output.includes('not found')) throw new Error(`${file} lacks shared libraries:\n${output}`)
  }
  return [...libraries]
}

/** The VM has a merged /usr: /lib, /lib64 and /sbin are links into it. */
export function inUsr(path: string): string {
  return path.startsWith('/usr/') ? path : `/usr${path}`
}
