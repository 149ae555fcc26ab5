/** The root file system of a user VM, all of it in memory: busybox, kernel modules, programs, the agent. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { cached, digest, repositoryRoot } from './cache.ts'
import { command, requireProgram } from './command.ts'
import { CpioArchive } from './cpio.ts'
import { collectPrograms, type GuestFile, userPrograms } from './guest-programs.ts'
import type { Kernel } from './kernel.ts'
import { collectModules } from './kernel-modules.ts'

const guestSources = join(repositoryRoot, 'test', 'vm', 'guest')
const programSources = join(repositoryRoot, 'test', 'vm', 'programs')

const passwd = `root:x:0:0:root:/root:/bin/sh
user:x:1000:1000:user:/tmp:/bin/sh
other:x:1001:1001:other:/tmp:/bin/sh
nobody:x:65534:65534:nobody:/tmp:/bin/sh
`
const group = 'root:x:0:\nuser:x:1000:\nother:x:1001:\nteam:x:2000:user,other\nnogroup:x:65534:\n'
const gitconfig =
  '[user]\n\tname = VM user\n\temail = user@vm.invalid\n[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n'
// mount.nfs asks which protocol numbers and transports there are.
const netconfig = `udp tpi_clts v inet udp - -
tcp tpi_cots_ord v inet tcp - -
udp6 tpi_clts v inet6 udp - -
tcp6 tpi_cots_ord v inet6 tcp - -
`
const shellProfile = `PS1='user-vm:\\w\\$ '\nalias ll='ls -l'\n`

/** Path of an initramfs for a kernel, made when something it consists of has changed. */
export async function buildInitramfs(kernel: Kernel): Promise<string> {
  const staticPrograms = [join(guestSources, 'agent.c'), ...(await cFiles(programSources))]
  const init = await readFile(join(guestSources, 'init'))
  const sources = await Promise.all(staticPrograms.map((path) => readFile(path)))
  const self = await readFile(new URL(import.meta.url))
  const programs = await collectPrograms(userPrograms)
  const names = programs.map((file) => `${file.path}=${file.source}`).join('\n')
  const name = digest(kernel.version, init, self, names, ...sources)
  return cached(`initramfs/${name}.cpio`, async (path) => {
    const archive = new CpioArchive()
    addSkeleton(archive, init)
    for (const source of staticPrograms) await addCompiled(archive, source)
    await addPrograms(archive, programs)
    await addModules(archive, kernel)
    await writeFile(path, archive.finish())
  })
}

function addSkeleton(archive: CpioArchive, init: Buffer): void {
  for (const directory of ['bin', 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'dev'])
    archive.directory(directory)
  for (const name of ['sbin', 'lib', 'lib64']) archive.symlink(name, `usr/${name}`)
  archive.characterDevice('dev/console', 5, 1)
  archive.characterDevice('dev/null', 1, 3, 0o666)
  archive.file('init', init, 0o755)
  const etc = {
    passwd,
    group,
    gitconfig,
    netconfig,
    'shell-profile': shellProfile,
    hosts: '127.0.0.1 localhost\n',
  }
  for (const [name, text] of Object.entries(etc)) archive.file(`etc/${name}`, Buffer.from(text))
  archive.symlink('etc/mtab', '/proc/self/mounts')
}

/** Compiles one of our C programs statically; it goes to /usr/sbin as fsva-NAME. */
async function addCompiled(archive: CpioArchive, source: string): Promise<void> {
  const compiler = requireProgram('gcc', 'gcc libc6-dev')
  const directory = await mkdtemp(join(tmpdir(), 'fsva-cc-'))
  try {
    const output = join(directory, 'program')
    await command(compiler, ['-static', '-O2', '-s', '-Wall', '-Wextra', '-Werror', '-o', output, source])
    archive.file(`usr/sbin/fsva-${basename(source, '.c')}`, await readFile(output), 0o755)
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function addPrograms(archive: CpioArchive, programs: readonly GuestFile[]): Promise<void> {
  const busybox = requireProgram('busybox', 'busybox-static')
  archive.file('bin/busybox', await readFile(busybox), 0o755)
  for (const { path, source } of programs) archive.file(path.slice(1), await readFile(source), 0o755)
  for (const name of ['git-upload-pack', 'git-receive-pack']) archive.symlink(`usr/bin/${name}`, 'git')
}

async function addModules(archive: CpioArchive, kernel: Kernel): Promise<void> {
  const { files, bootOrder } = await collectModules(kernel)
  const directory = `usr/lib/modules/${kernel.version}`
  for (const file of files) archive.file(`${directory}/${file.path}`, file.content)
  for (const name of ['modules.dep', 'modules.alias', 'modules.symbols', 'modules.builtin']) {
    archive.file(`${directory}/${name}`, await readFile(join(kernel.modules, name)))
  }
  const lines = bootOrder.map((path) => `/lib/modules/${kernel.version}/${path}\n`)
  archive.file('usr/lib/modules/boot-order', Buffer.from(lines.join('')))
}

async function cFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  return names
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(directory, name))
}
