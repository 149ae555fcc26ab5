import type { ExportOptions } from '../../exports.ts'

/**
 * A path as its components. Paths are bytes: a component is a string of one character per byte (ISO 8859-1), which is
 * compared and joined without ever being decoded. Empty components and "." are left out, so repeated and trailing slashes
 * make no difference; ".." stays, the file system knows best what that is.
 */
export type PathComponents = readonly string[]

/** Undefined if the path is not absolute. */
export function splitPath(path: Uint8Array): PathComponents | undefined {
  const text = Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('latin1')
  if (!text.startsWith('/')) return undefined
  return text.split('/').filter((component) => component !== '' && component !== '.')
}

export function joinPath(components: PathComponents): Uint8Array {
  return Buffer.from(components.join('/'), 'latin1')
}

export interface ExportMatch {
  readonly export: ExportOptions
  /** The rest of the path, relative to the export. */
  readonly below: PathComponents
}

/** The export that a path lies in: the deepest, if they are nested. */
export function findExport(
  exports: readonly ExportOptions[],
  components: PathComponents,
): ExportMatch | undefined {
  let best: ExportMatch | undefined
  for (const entry of exports) {
    const root = splitPath(Buffer.from(entry.path)) ?? []
    if (root.length > components.length || root.some((name, i) => name !== components[i])) continue
    if (best === undefined || components.length - root.length < best.below.length) {
      best = { export: entry, below: components.slice(root.length) }
    }
  }
  return best
}
