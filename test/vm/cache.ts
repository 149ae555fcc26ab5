/**
 * Things that are made once and kept in .cache/vm: kernels, initramfs images, disk images. A thing is made
 * in a temporary place and renamed when complete, so that what has its final name is whole; concurrent runs
 * wait for the one that makes it.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, ownIdentity } from './process-identity.ts'

export const repositoryRoot = join(import.meta.dirname, '..', '..')
const cacheRoot = process.env.FSVA_CACHE_DIR ?? join(repositoryRoot, '.cache', 'vm')
const lockWaitMs = 15 * 60_000

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** A short name for everything that an image depends on. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 16)
}

/**
 * The path of the cached file or directory `name`; when missing, `make(path)` creates it at a temporary path
 * first. `name` may contain directories.
 */
export async function cached(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(cacheRoot, name)
  if (await exists(path)) return path
  await mkdir(dirname(path), { recursive: true })
  return locked(`${path}.lock`, async () => {
    if (await exists(path)) return path
    const partial = `${path}.partial`
    await rm(partial, { recursive: true, force: true })
    await make(partial)
    await rename(partial, path)
    return path
  })
}

/** Runs `work` while holding a lock file that carries its owner's identity; a dead owner's lock is taken over. */
export async function locked<T>(lockPath: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + lockWaitMs
  await mkdir(dirname(lockPath), { recursive: true })
  while (!(await tryLock(lockPath))) {
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${lockPath}`)
    await sleep(100)
  }
  try {
    return await work()
  } finally {
    await rm(lockPath, { force: true })
  }
}

async function tryLock(lockPath: string): Promise<boolean> {
  try {
    await writeFile(lockPath, ownIdentity, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = await readFile(lockPath, 'utf8').catch(() => '')
  // An empty file is a lock between its creation and its first byte: its owner is alive as far as we know.
  if (owner === '' || isAlive(owner)) return false
  // Whoever renames the dead lock away removes it; a lock taken meanwhile has another content and is put back
  // by nobody, so the name is made unique to this process first.
  const taken = `${lockPath}.${ownIdentity}`
  await rename(lockPath, taken).catch(() => {})
  await rm(taken, { force: true })
  return false
}
