/**
 * Things that are made once and kept in .cache/vm: kernels, initramfs images, disk images. A thing is made
 * in a temporary place and renamed when complete, so that what has its final name is whole; concurrent runs
 * wait for the one that makes it.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export const repositoryRoot = join(import.meta.dirname, '..', '..')
const cacheRoot = process.env.FSVA_CACHE_DIR ?? join(repositoryRoot, '.cache', 'vm')
const lockWaitSeconds = 15 * 60

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

/**
 * Runs `work` while this process holds an exclusive lock on a file. The lock is the kernel's and is held by a
 * child that ends with its standard input, so it goes away whatever becomes of us.
 */
export async function locked<T>(lockPath: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn(
    'flock',
    ['-w', String(lockWaitSeconds), lockPath, 'sh', '-c', 'echo locked; exec cat'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const ended = once(holder, 'close')
  try {
    const first = await Promise.race([once(holder.stdout, 'data'), ended.then(() => undefined)])
    if (first === undefined) throw new Error(`gave up waiting for ${lockPath}`)
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
