/** A tree that looks like a source repository, always the same for the same arguments, as files or packed by tar. */
import { createHash } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './command.ts'

const filesPerDirectory = 25

/** Writes a tree of `files` files (plus some symbolic links) below `directory` and packs it into `tarPath`. */
export async function makeSourceTree(directory: string, tarPath: string, files: number): Promise<void> {
  await writeSourceTree(directory, files)
  await command('tar', ['-C', directory, '-cf', tarPath, 'tree'], { timeoutMs: 120_000 })
}

/** The tree alone: `directory`/tree. */
export async function writeSourceTree(directory: string, files: number): Promise<void> {
  for (let index = 0; index < files; index++) {
    const number = Math.floor(index / filesPerDirectory)
    const below = join(directory, 'tree', `part-${number % 16}`, `module-${number}`)
    if (index % filesPerDirectory === 0) {
      await mkdir(below, { recursive: true })
      await symlink(`file-${index}.ts`, join(below, 'latest'))
    }
    const mode = index % 10 === 0 ? 0o755 : 0o644
    await writeFile(join(below, `file-${index}.ts`), sourceText(index), { mode })
  }
}

/** Between nothing and a few kilobytes of lines that no two files share. */
function sourceText(index: number): string {
  const seed = createHash('sha256').update(`file ${index}`).digest('hex')
  const lines = Number.parseInt(seed.slice(0, 2), 16) % 60
  return Array.from({ length: lines }, (_, line) => `export const value${line} = '${seed}-${line}'\n`).join(
    '',
  )
}
