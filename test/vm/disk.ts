/** File system images: made without mounting, mounted through a loop device where a test needs one here. */
import { truncate, writeFile } from 'node:fs/promises'
import { command, commandSync, requireProgram } from './command.ts'
import type { RunScope } from './run-scope.ts'

export const fileSystems = {
  ext4: {
    program: 'mkfs.ext4',
    aptPackage: 'e2fsprogs',
    options: ['-q', '-F', '-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard'],
    sizeMiBMin: 8,
  },
  xfs: { program: 'mkfs.xfs', aptPackage: 'xfsprogs', options: ['-q', '-f'], sizeMiBMin: 300 },
  btrfs: { program: 'mkfs.btrfs', aptPackage: 'btrfs-progs', options: ['-q', '-f'], sizeMiBMin: 128 },
} as const
export type FileSystem = keyof typeof fileSystems

/** Creates a sparse image file with an empty file system. */
export async function makeDisk(
  path: string,
  kind: FileSystem,
  sizeMiB: number,
  more: readonly string[] = [],
): Promise<void> {
  const { program, aptPackage, options, sizeMiBMin } = fileSystems[kind]
  const size = Math.max(sizeMiB, sizeMiBMin) * 2 ** 20
  await writeFile(path, '')
  await truncate(path, size)
  await command(requireProgram(program, aptPackage), [...options, ...more, path])
}

/** Mounts an image until the scope closes. */
export async function mountLoop(scope: RunScope, image: string, directory: string): Promise<void> {
  await command('mount', ['-o', 'loop', image, directory])
  // Lazily: the server that is being killed at this moment may hold it a little longer.
  scope.onClose(() => void commandSync('umount', ['-l', directory]))
}
