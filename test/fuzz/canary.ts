/** What nobody may change: a tree as it is, to be compared with what it is later. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Everything but the time of the last access, line by line. */
export function describeTree(directory: string): string[] {
  const lines: string[] = []
  const visit = (path: string) => {
    const stat = lstatSync(path, { bigint: true })
    const { mode, uid, gid, size, nlink, ino, mtimeNs, ctimeNs } = stat
    const content = stat.isFile()
      ? readFileSync(path).toString('base64').slice(0, 64)
      : stat.isSymbolicLink()
        ? readlinkSync(path)
        : ''
    lines.push([path, ino, mode, uid, gid, size, nlink, mtimeNs, ctimeNs, content].join(' '))
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name))
  }
  visit(directory)
  return lines
}
