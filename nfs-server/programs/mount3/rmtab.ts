/**
 * The mount list as text, one `address:path` a line, to be read by people and by the next run. Bytes of a path that are
 * not printable ASCII, and the backslash, are written as a backslash and three octal digits.
 */
import type { MountEntry } from './mount-list.ts'

export function formatRmtab(entries: readonly MountEntry[]): string {
  return entries.map((entry) => `${entry.hostname}:${escapePath(entry.directory)}\n`).join('')
}

/** Lines that make no sense are left out: the list is only ever a hint. */
export function parseRmtab(text: string): MountEntry[] {
  const entries: MountEntry[] = []
  for (const line of text.split('\n')) {
    // The path begins at the first ":/"; an IPv6 address has colons, but no slash.
    const colon = line.indexOf(':/')
    if (colon <= 0) continue
    entries.push({ hostname: line.slice(0, colon), directory: unescapePath(line.slice(colon + 1)) })
  }
  return entries
}

function escapePath(path: Uint8Array): string {
  let text = ''
  for (const byte of path) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x5c
    text += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  }
  return text
}

function unescapePath(text: string): Uint8Array {
  const plain = text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
  return Buffer.from(plain, 'latin1')
}
