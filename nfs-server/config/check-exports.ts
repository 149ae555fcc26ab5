import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, normalize, relative } from 'node:path'
import type { ExportOptions } from '../exports.ts'
import { MNTPATHLEN } from '../xdr/generated/mount.ts'

/** What an export's checks found: errors make the configuration unusable, warnings are for the log. */
export interface ExportFinding {
  readonly severity: 'error' | 'warning'
  /** Index of the export, and its field, that the message is about. */
  readonly index: number
  readonly field: keyof ExportOptions
  readonly message: string
}

/** Checks the exports against the file system and against each other. */
export function checkExports(exports: readonly ExportOptions[]): readonly ExportFinding[] {
  const findings: ExportFinding[] = []
  const real = exports.map((entry, index) => {
    const message = wrongPath(entry.path)
    if (message === undefined) return realpathSync(entry.path)
    findings.push({ severity: 'error', index, field: 'path', message })
    return undefined
  })
  exports.forEach((entry, index) => {
    for (let other = 0; other < index; other++) {
      findings.push(...compare(exports, real, index, other))
    }
    if (!entry.sync) {
      const message =
        `${entry.path} is async: metadata changes are answered before they are on stable storage, and a crash of ` +
        'the server can lose what clients were told is safe (RFC 1813, section 4.7)'
      findings.push({ severity: 'warning', index, field: 'sync', message })
    }
  })
  return findings
}

/** Warnings for exports that hold the state directory, and with it the key that signs every export's handles. */
export function checkStateDirectory(
  exports: readonly ExportOptions[],
  stateDirectory: string,
): readonly string[] {
  const real = realPathOfExisting(stateDirectory)
  return exports
    .filter(({ path }) => {
      const exported = realPathOfExisting(path)
      return real === exported || inside(real, exported)
    })
    .map(
      ({ path }) =>
        `the state directory ${stateDirectory} lies inside the export ${path}: a client that is root there, or this ` +
        "server's user, can read the key that signs file handles and forge them; move it with --state-dir",
    )
}

/** The real path; of what does not exist yet, the part that does. */
function realPathOfExisting(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path === '/' ? path : join(realPathOfExisting(dirname(path)), basename(path))
  }
}

function wrongPath(path: string): string | undefined {
  const wanted = normalize(path).replace(/(?<=.)\/+$/, '')
  if (wanted !== path) return `"${path}" must be written without "..", "." and extra slashes: "${wanted}"`
  if (Buffer.byteLength(path) > MNTPATHLEN)
    return `"${path}" is longer than ${MNTPATHLEN} bytes, which MOUNT allows`
  try {
    if (statSync(path).isDirectory()) return undefined
    return `"${path}" is not a directory`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return `"${path}" does not exist`
    if (code === 'EACCES') return `"${path}" cannot be reached: permission denied`
    return `"${path}": ${message}`
  }
}

function compare(
  exports: readonly ExportOptions[],
  real: readonly (string | undefined)[],
  index: number,
  other: number,
): ExportFinding[] {
  const [entry, earlier] = [exports[index]!, exports[other]!]
  const [here, there] = [real[index], real[other]]
  const findings: ExportFinding[] = []
  if (entry.fsid !== undefined && entry.fsid === earlier.fsid) {
    const message = `fsid ${entry.fsid} is already that of ${earlier.path}: every export needs its own`
    findings.push({ severity: 'error', index, field: 'fsid', message })
  }
  if (here === undefined || there === undefined) return findings
  if (here === there) {
    const message =
      entry.path === earlier.path
        ? `${entry.path} is exported twice: put its clients into one export`
        : `${entry.path} is the same directory as the export ${earlier.path}`
    findings.push({ severity: 'error', index, field: 'path', message })
  } else if (inside(here, there) || inside(there, here)) {
    const [inner, outer] = inside(here, there) ? [entry, earlier] : [earlier, entry]
    const message = `${inner.path} lies inside ${outer.path}: clients of ${outer.path} reach it under that export's rules`
    findings.push({ severity: 'warning', index, field: 'path', message })
  }
  return findings
}

function inside(inner: string, outer: string): boolean {
  const path = relative(outer, inner)
  return path !== '' && path !== '..' && !path.startsWith('../')
}
