/** A directory on each kind of file system that the server is proven on. */
import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { command, commandSync, requireProgram } from './command.ts'
import { type FileSystem, makeDisk, mountLoop } from './disk.ts'
import type { RunScope } from './run-scope.ts'

export const fileSystemKinds = ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlayfs', 'FUSE'] as const
export type FileSystemKind = (typeof fileSystemKinds)[number]

const memoryDirectory = '/dev/shm'
const diskMiB = 1024

const mounts: Readonly<Record<FileSystemKind, (scope: RunScope, directory: string) => Promise<void>>> = {
  ext4: (scope, directory) => mountDisk(scope, 'ext4', directory),
  xfs: (scope, directory) => mountDisk(scope, 'xfs', directory),
  btrfs: (scope, directory) => mountDisk(scope, 'btrfs', directory),
  tmpfs: mountTmpfs,
  overlayfs: mountOverlay,
  FUSE: mountBindfs,
}

/** Mounts an empty file system of the kind on `directory`, which it makes, until the scope closes. Needs root. */
export async function mountFileSystem(
  scope: RunScope,
  kind: FileSystemKind,
  directory: string,
): Promise<void> {
  mkdirSync(directory)
  await mounts[kind](scope, directory)
}

/** On a loop device in memory: a test waits for its VM and not for a disk's write cache. */
export async function mountDisk(
  scope: RunScope,
  kind: FileSystem,
  directory: string,
  sizeMiB = diskMiB,
  options: readonly string[] = [],
): Promise<void> {
  const image = join(memoryDirectory, `${scope.name}-${directory.replaceAll('/', '_')}`)
  try {
    await makeDisk(image, kind, sizeMiB, options)
    await mountLoop(scope, image, directory)
    if (kind === 'ext4') rmdirSync(join(directory, 'lost+found'))
  } finally {
    // The loop device keeps the file alive; without a name it goes away with it.
    rmSync(image, { force: true })
  }
}

async function mountAt(scope: RunScope, directory: string, ...words: readonly string[]): Promise<void> {
  await command('mount', [...words, directory])
  scope.onClose(() => void commandSync('umount', ['-l', directory]))
}

async function mountTmpfs(scope: RunScope, directory: string): Promise<void> {
  await mountAt(scope, directory, '-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'fsva-test')
}

/** A directory beside `directory` with room for what a mount needs, on an ext4 of its own. */
async function layers(scope: RunScope, directory: string): Promise<string> {
  const below = join(dirname(directory), `${directory.split('/').at(-1)}-below`)
  mkdirSync(below)
  await mountDisk(scope, 'ext4', below)
  return below
}

async function mountOverlay(scope: RunScope, directory: string): Promise<void> {
  const below = await layers(scope, directory)
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((layer) => join(below, layer))
  for (const layer of [lower, upper, work]) mkdirSync(layer!)
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
  await mountAt(scope, directory, '-t', 'overlay', '-o', options, 'fsva-test')
}

/** Another view of a directory: handles come from the server's table, for FUSE has none that last. */
async function mountBindfs(scope: RunScope, directory: string): Promise<void> {
  const below = await layers(scope, directory)
  await command(requireProgram('bindfs', 'bindfs'), [below, directory])
  scope.onClose(() => void commandSync('umount', ['-l', directory]))
}
