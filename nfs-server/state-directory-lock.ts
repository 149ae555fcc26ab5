import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** The state directory cannot be used; the message says why and what to do. */
export class StateDirectoryError extends Error {}

/** Held by one server at a time: two would hand out different handles for the same files. */
export interface StateDirectoryLock {
  release(): void
}

/** Creates the state directory if need be (mode 0700: it holds the handle key) and takes its lock. */
export function lockStateDirectory(directory: string): StateDirectoryLock {
  const file = join(directory, 'lock')
  let descriptor: number
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    descriptor = openSync(file, 'a+', 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : message
    throw new StateDirectoryError(
      `cannot use the state directory ${directory}: ${reason}; choose another with --state-dir DIR`,
    )
  }
  // The lock belongs to the open file, which flock(1) inherits as descriptor 3; it outlives the command and
  // ends with this process, however that dies.
  const arguments_ = ['-n', '-x', '3']
  const { status, error } = spawnSync('flock', arguments_, {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  })
  if (error !== undefined) {
    closeSync(descriptor)
    throw new StateDirectoryError(
      `cannot lock ${file}: flock(1) of util-linux does not run (${error.message})`,
    )
  }
  if (status !== 0) {
    const owner = readFileSync(file, 'latin1').trim()
    closeSync(descriptor)
    throw new StateDirectoryError(
      `the state directory ${directory} is in use by another fsva-nfsd${/^[0-9]+$/.test(owner) ? ` (process ${owner})` : ''}; ` +
        'stop that one, or give this one its own with --state-dir DIR',
    )
  }
  ftruncateSync(descriptor)
  writeSync(descriptor, `${process.pid}\n`)
  return { release: () => closeSync(descriptor) }
}
