/** Keeps the exports from filling up, as a program of the server's machine that removes files which clients still use. */
import { execFile } from 'node:child_process'
import { readdirSync, statfsSync } from 'node:fs'
import { promisify } from 'node:util'
import { Random } from './random.ts'
import type { Place } from './scene.ts'

/** Below this part left of bytes or inodes, entries are removed. */
const leftMin = 0.4
const run = promisify(execFile)

export class Janitor {
  readonly #places: readonly Place[]
  readonly #random: Random
  /** Entries of export roots that it removed, with all below them. */
  removed = 0

  constructor(places: readonly Place[], seed: number) {
    this.#places = places.filter(({ isReadOnly }) => !isReadOnly)
    this.#random = new Random(seed, -2)
  }

  async clean(): Promise<void> {
    for (const { path } of this.#places) {
      const { blocks, bavail, files, ffree } = statfsSync(path)
      if (bavail / blocks > leftMin && (files === 0 || ffree / files > leftMin)) continue
      const doomed = readdirSync(path, 'buffer').filter(() => this.#random.chance(0.6))
      this.removed += doomed.length
      // As bytes: the names are not always text.
      const list = Buffer.concat(doomed.flatMap((name) => [Buffer.from(`${path}/`), name, Buffer.from('\0')]))
      await removeAll(list)
    }
  }
}

async function removeAll(paths: Buffer): Promise<void> {
  if (paths.length === 0) return
  const running = run('xargs', ['-0', 'rm', '-rf', '--'])
  running.child.stdin!.end(paths)
  await running.catch((error) => {
    // What clients put there meanwhile.
    if (!String(error.stderr).includes('Directory not empty')) throw error
  })
}
