/**
 * A Debian user land as one image: what works on files in a user VM (git, a C compiler, sqlite), and the programs of the
 * kernel's NFS server. Unpacked from packages, not installed; used by chroot or as a root file system, read-only.
 */
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packDirectory } from './appliance-image.ts'
import { unpackNamed } from './apt.ts'
import { cached, digest } from './cache.ts'
import { command, requireProgram } from './command.ts'
import { guestEtc } from './guest-etc.ts'
import { defaultKernel, kernelReleases } from './kernel.ts'
import type { Vm } from './user-vm.ts'
import { virtioDisk } from './virtio-disk.ts'

const release = kernelReleases[defaultKernel]
const serial = 'debian'

/** Programs, and the libraries that they need: what else their packages depend on is not used here. */
const packages = [
  ...[
    'base-files',
    'bash',
    'coreutils',
    'dash',
    'diffutils',
    'findutils',
    'grep',
    'iproute2',
    'kmod',
    'make',
  ],
  ...[
    'mount',
    'netbase',
    'nfs-common',
    'nfs-kernel-server',
    'rpcbind',
    'sed',
    'sqlite3',
    'tar',
    'util-linux',
  ],
  ...['git', 'gcc', 'gcc-12', 'cpp', 'cpp-12', 'binutils', 'binutils-x86-64-linux-gnu', 'libbinutils'],
  ...['libc6', 'libc6-dev', 'linux-libc-dev', 'libgcc-12-dev', 'libgcc-s1', 'libctf0', 'libctf-nobfd0'],
  ...['libgprofng0', 'libjansson4', 'libgmp10', 'libisl23', 'libmpc3', 'libmpfr6', 'libzstd1', 'zlib1g'],
  ...['libcc1-0', 'libstdc++6', 'libgomp1', 'libitm1', 'libatomic1', 'libquadmath0', 'libpcre2-8-0'],
  ...['libacl1', 'libattr1', 'libselinux1', 'libtinfo6', 'libsqlite3-0', 'libreadline8', 'libmount1'],
  ...['libblkid1', 'libuuid1', 'libsmartcols1', 'libtirpc3', 'libtirpc-common', 'libgssapi-krb5-2'],
  ...['libkrb5-3', 'libk5crypto3', 'libkrb5support0', 'libcom-err2', 'libkeyutils1', 'libssl3', 'libcap2'],
  ...['libevent-core-2.1-7', 'libnl-3-200', 'libnl-genl-3-200', 'libwrap0', 'libdevmapper1.02.1', 'libudev1'],
  ...['libnfsidmap1', 'libnsl2', 'libkmod2', 'liblzma5', 'libbpf1', 'libelf1', 'libmnl0', 'libxtables12'],
  ...['libcap-ng0', 'libbsd0', 'libmd0', 'libsystemd0', 'libcrypt1'],
]
const directories = [
  'dev',
  'export',
  'lib/modules',
  'mnt',
  'proc',
  'root',
  'run',
  'sys',
  'tmp',
  'var/lib/nfs',
]
const unused = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'usr/share/git-core/templates',
]

export interface DebianRootExtras {
  /** C programs, each compiled statically to /usr/local/bin under its own name. */
  readonly programs?: readonly string[]
  /** Files of this machine by their absolute paths in the root. */
  readonly files?: Readonly<Record<string, string>>
  /** Scripts, by their absolute paths in the root. */
  readonly scripts?: Readonly<Record<string, string>>
}

/** The path of an ext4 image, made when something it consists of has changed. */
export async function debianRoot(extras: DebianRootExtras = {}): Promise<string> {
  const { programs = [], files = {}, scripts = {} } = extras
  const contents = await Promise.all([...programs, ...Object.values(files)].map((path) => readFile(path)))
  const recipe = await readFile(import.meta.filename)
  const name = digest(JSON.stringify([programs, Object.keys(files), scripts]), recipe, ...contents)
  return cached(`debian-root/${name}.ext4`, async (path) => {
    const root = `${path}.tree`
    await rm(root, { recursive: true, force: true })
    await command('cp', ['-a', await unpackedPackages(), root])
    for (const each of directories) await mkdir(join(root, each), { recursive: true })
    await addEtc(root)
    await mkdir(join(root, 'usr/local/bin'), { recursive: true })
    const compiler = requireProgram('gcc', 'gcc libc6-dev')
    for (const source of programs) {
      const output = join(root, 'usr/local/bin', source.split('/').at(-1)!.replace(/\.c$/, ''))
      await command(compiler, ['-static', '-O2', '-s', '-Wall', '-Wextra', '-Werror', '-o', output, source])
    }
    for (const [target, source] of Object.entries(files)) await copyFile(source, join(root, target))
    for (const [target, text] of Object.entries(scripts)) {
      await writeFile(join(root, target), text)
      await chmod(join(root, target), 0o755)
    }
    await packDirectory(root, path)
    await rm(root, { recursive: true })
  })
}

function unpackedPackages(): Promise<string> {
  return cached(`debian-packages/${digest(release, ...packages)}`, async (path) => {
    await unpackNamed(release, packages, path)
    for (const each of ['downloads', ...unused]) await rm(join(path, each), { recursive: true, force: true })
  })
}

async function addEtc(root: string): Promise<void> {
  const { protocols: _, services: __, rpc: ___, ...ours } = guestEtc
  for (const [name, text] of Object.entries(ours)) await writeFile(join(root, 'etc', name), text)
  await writeFile(join(root, 'etc/exports'), '')
  await command('ln', ['-sf', '/proc/self/mounts', join(root, 'etc/mtab')])
  // What the packages' own scripts would have linked.
  await rm(join(root, 'var/run'), { recursive: true, force: true })
  await command('ln', ['-s', '/run', join(root, 'var/run')])
  await command('ln', ['-sf', 'dash', join(root, 'bin/sh')])
}

/** QEMU's arguments for the image as a disk. */
export function debianDisk(image: string): string[] {
  return virtioDisk(serial, image, true)
}

/** Mounts the root on /debian of a VM that has the disk (and `linkDisks`), with its own /tmp and what programs expect. */
export async function mountDebianRoot(vm: Vm): Promise<void> {
  await vm.sh(`
    mkdir -p /debian && mount -t ext4 -o ro /run/disk/${serial} /debian
    for each in proc sys dev run; do mount --rbind /$each /debian/$each; done
    for each in tmp var/lib/nfs mnt export; do mount -t tmpfs tmpfs /debian/$each; done`)
}

/** The command that runs a program of the root. */
export const inDebianRoot = 'chroot /debian'
