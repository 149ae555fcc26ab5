/**
 * Copies one file, so that the target is the old one or the whole new one, and never a part: the bytes go to a file of
 * another name beside it, which is synced, gets the target's name, and is removed if anything fails.
 */
import { randomBytes } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ClientError, ExitCode } from '../exit-codes.ts'
import type { AgentForCopies } from './agent-for-copies.ts'
import { fileFailure } from './file-failure.ts'
import { lookAgain, type PlaceFile, WriterLost } from './place-file.ts'
import { pump } from './pump.ts'

export interface CopyRequest {
  readonly source: string
  /** A file, or a directory that it is copied into. */
  readonly target: string
  readonly agent: AgentForCopies
  /** Called with what is done and how much there is, in bytes; done is less than before if it is begun anew. */
  readonly progress: (done: number, total: number) => void
}

/** As often it is begun anew because the agent or the server were. */
const attemptsMax = 5

/** Answers how many bytes were copied, and to where. */
export async function copyFile(request: CopyRequest): Promise<{ bytes: number; target: string }> {
  const { source, agent } = request
  const from = await open(source, 'r').catch((error: unknown) => {
    throw fileFailure('read', source, error)
  })
  try {
    const found = await from.stat()
    if (!found.isFile()) throw fileFailure('read', source, notAFile(found))
    const target = await findTarget(request, found)
    const reader = await agent.file(from, source)
    const bytes = await replace(request, target, found, reader)
    await reader.close()
    return { bytes, target: target.path }
  } finally {
    await from.close()
  }
}

interface Known {
  readonly dev: number
  readonly ino: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  isFile(): boolean
  isDirectory(): boolean
}

interface FoundTarget {
  readonly path: string
  /** What has the name now. */
  readonly old: Known | undefined
}

function notAFile(found: Known): Error & { code: string } {
  const code = found.isDirectory() ? 'EISDIR' : 'EINVAL'
  return Object.assign(new Error('it is no regular file'), { code })
}

async function findTarget({ source, target }: CopyRequest, from: Known): Promise<FoundTarget> {
  let path = target
  let old = await status(path)
  if (old?.isDirectory() === true) {
    path = join(path, basename(source))
    old = await status(path)
  }
  if (old === undefined) {
    if (path.endsWith('/')) throw fileFailure('write', path, Object.assign(new Error(), { code: 'ENOENT' }))
    return { path, old }
  }
  if (!old.isFile()) throw fileFailure('write', path, notAFile(old))
  if (old.dev === from.dev && old.ino === from.ino) {
    throw new ClientError(ExitCode.usage, `${source} and ${path} are the same file`)
  }
  // What a symbolic link leads to is replaced, and not the link.
  return { path: await realpath(path), old }
}

async function status(path: string): Promise<Known | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fileFailure('write', path, error)
  }
}

async function replace(
  request: CopyRequest,
  { path, old }: FoundTarget,
  from: Known,
  reader: PlaceFile,
): Promise<number> {
  const temporary = join(dirname(path), `.fsva-cp-${randomBytes(6).toString('hex')}`)
  const to = await open(temporary, 'wx+', from.mode & 0o777).catch((error: unknown) => {
    throw fileFailure('write', path, error, `: no file can be made in ${dirname(path)}`)
  })
  const interrupted = removeIfInterrupted(temporary)
  let bytes: number
  try {
    // What umask and default ACLs make of the source's permissions; until all is there, it is nobody else's.
    const own = await to.stat()
    await to.chmod(0o600)
    bytes = await fill(request, to, path, from, reader)
    await finish(to, path, old ?? own, own, bytes)
    await to.close()
    await rename(temporary, path).catch((error: unknown) => {
      throw fileFailure('write', path, error)
    })
  } catch (error) {
    await to.close().catch(() => undefined)
    const left = await unlink(temporary).then(
      () => '',
      () => `; ${temporary} could not be removed`,
    )
    const is = old === undefined ? `there is no ${path}` : `${path} is as it was`
    if (error instanceof ClientError) {
      throw new ClientError(error.exitCode, `${error.message}; ${is}${left}`, error.advice)
    }
    throw error
  } finally {
    interrupted.forget()
  }
  await syncDirectory(dirname(path))
  return bytes
}

/** From the beginning, again if what was written may be lost. Synced when it returns. */
async function fill(
  { source, agent, progress }: CopyRequest,
  to: FileHandle,
  path: string,
  from: Known,
  reader: PlaceFile,
): Promise<number> {
  const writer = await agent.file(to, path)
  for (let attempt = 1; ; attempt++) {
    let done = 0
    try {
      const bytes = await pump(
        agent.places,
        (place, length, offset) =>
          reader.read(place, length, offset).catch((error: unknown) => {
            throw fileFailure('read', source, error, ` at byte ${offset}`)
          }),
        async (place, length, offset) => {
          await writer.write(place, length, offset)
          done = offset + length
          progress(done, from.size)
        },
      )
      await writer.fsync()
      await writer.close()
      return bytes
    } catch (error) {
      if (!(error instanceof WriterLost)) {
        throw fileFailure('write', path, error, ` after ${done} of ${from.size} bytes`)
      }
      if (attempt === attemptsMax) {
        throw new ClientError(
          ExitCode.failed,
          `cannot write ${path}: the server was started anew ${attemptsMax} times meanwhile`,
          'try again when it runs',
        )
      }
      // What was written may be longer than what will be, if the source shrinks.
      await to.truncate(0)
    }
  }
}

/** Gives it its owner and permissions, and looks at it as whoever opens it next will. */
async function finish(
  to: FileHandle,
  path: string,
  wanted: Pick<Known, 'uid' | 'gid' | 'mode'>,
  own: Known,
  bytes: number,
): Promise<void> {
  try {
    if (wanted.uid !== own.uid || wanted.gid !== own.gid) {
      // Who may not give files away keeps them.
      await to.chown(wanted.uid, wanted.gid).catch(() => undefined)
    }
    await to.chmod(wanted.mode & 0o777)
    await to.sync()
    await lookAgain(to).catch(() => undefined)
    const { size } = await to.stat()
    if (size !== bytes) {
      throw Object.assign(new Error(`${bytes} bytes were written, but it has ${size}`), { code: 'EIO' })
    }
  } catch (error) {
    throw fileFailure('write', path, error)
  }
}

/** So that the new name outlives a power failure, too. NFS servers do that themselves, and not every file system can. */
async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['EINVAL', 'EBADF', 'ENOTSUP', 'EACCES'].includes(code)) throw fileFailure('sync', directory, error)
  }
}

/** A copy that is interrupted by a signal leaves nothing behind. */
function removeIfInterrupted(temporary: string): { forget: () => void } {
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  const handlers = Object.entries(signals).map(([signal, code]) => {
    const handler = () => {
      try {
        unlinkSync(temporary)
      } finally {
        process.exit(code)
      }
    }
    process.once(signal, handler)
    return [signal, handler] as const
  })
  return {
    forget: () => {
      for (const [signal, handler] of handlers) process.removeListener(signal, handler)
    },
  }
}
