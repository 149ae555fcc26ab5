/** The root file system of a user VM, all of it in memory: busybox, kernel modules, programs, the agent. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { cached, digest, repositoryRoot } from './cache.ts'
import { command, requireProgram } from './command.ts'
import { CpioArchive } from './cpio.ts'
import { guestEtc } from './guest-etc.ts'
import { collectPrograms, type GuestFile, userPrograms } from './guest-programs.ts'
import type { Kernel } from './kernel.ts'
import { collectModules } from './kernel-modules.ts'

const guestSources = join(repositoryRoot, 'test', 'vm', 'guest')
const programSources = join(repositoryRoot, 'test', 'vm', 'programs')

/** Path of an initramfs for a kernel, made when something it consists of has changed. */
export async function buildInitramfs(kernel: Kernel): Promise<string> {
  const staticPrograms = [join(guestSources, 'agent.c'), ...(await sourceFiles(programSources, '.c'))]
  const init = await readFile(join(guestSources, 'init'))
  const sources = await Promise.all(
    [...staticPrograms, ...(await sourceFiles(programSources, '.h'))].map((path) => readFile(path)),
  )
  const programs = await collectPrograms(userPrograms)
  const names = programs.map((file) => `${file.path}=${file.source}`).join('\n')
  const recipe = await Promise.all(['initramfs.ts', 'kernel-modules.ts', 'guest-etc.ts'].map(readOwnSource))
  const name = digest(kernel.version, init, names, ...recipe, ...sources)
  return cached(`initramfs/${name}.cpio`, async (path) => {
    const archive = new CpioArchive()
    addSkeleton(archive, init)
    for (const source of staticPrograms) await addCompiled(archive, source)
    await addPrograms(archive, programs)
    await addModules(archive, kernel)
    await writeFile(path, archive.finish())
  })
}

function readOwnSource(name: string): Promise<Buffer> {
  return readFile(join(import.meta.dirname, name))
}

function addSkeleton(archive: CpioArchive, init: Buffer): void {
  for (const directory of ['bin', 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'dev'])
    archive.directory(directory)
  for (const name of ['sbin', 'lib', 'lib64']) archive.symlink(name, `usr/${name}`)
  archive.characterDevice('dev/console', 5, 1)
  archive.characterDevice('dev/null', 1, 3, 0o666)
  archive.file('init', init, 0o755)
  for (const [name, text] of Object.entries(guestEtc)) archive.file(`etc/${name}`, Buffer.from(text))
  archive.symlink('bin/sh', '/usr/bin/dash')
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

async function sourceFiles(directory: string, suffix: '.c' | '.h'): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  return names
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(directory, name))
}
