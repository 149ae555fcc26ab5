/** A directory tree as far as it was promised: what has to be there, and what may be. */

export const blockBytes = 4096

/** A block of a file: the stamp that must be in it, or one of those written since without a promise. */
interface Block {
  promised: number
  readonly unpromised: Set<number>
  /** What was written last. */
  current: number
}

export interface Inode {
  readonly type: 'f' | 'd' | 'l' | 'p'
  mode: string | undefined
  uid: number
  gid: number
  /** SECONDS.NANOSECONDS if it was set and nothing has changed it since. */
  mtime: string | undefined
  readonly target: string
  blocks: Block[]
  /** In blocks, as everything about sizes here. */
  size: number
  /** What it is once everything that was written is there. */
  sizeMax: number
}

/** One line of the dump of programs/promises.c. */
export interface Entry {
  readonly path: string
  readonly type: string
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly links: number
  readonly bytes: number
  readonly mtime: string
  readonly inode: string
  /** Per block a stamp, or '?' if it is not one. */
  readonly blocks: readonly string[]
  readonly target: string
}

export class PromisedTree {
  readonly paths = new Map<string, Inode>()

  clone(): PromisedTree {
    const copy = new PromisedTree()
    const copies = new Map<Inode, Inode>()
    for (const [path, inode] of this.paths) {
      const known = copies.get(inode)
      const blocks = () => inode.blocks.map((block) => ({ ...block, unpromised: new Set(block.unpromised) }))
      const same = known ?? { ...inode, blocks: blocks() }
      copies.set(inode, same)
      copy.paths.set(path, same)
    }
    return copy
  }

  make(path: string, type: Inode['type'], mode: string | undefined, target = ''): void {
    const attributes = { mode, uid: 0, gid: 0, mtime: undefined }
    this.paths.set(path, { type, ...attributes, target, blocks: [], size: 0, sizeMax: 0 })
    this.#touchParent(path)
  }

  /** What is at the path; an operation that succeeded on nothing is an error of whoever asked for it. */
  at(path: string): Inode {
    const inode = this.paths.get(path)
    if (inode === undefined) throw new Error(`nothing was promised at ${path}`)
    return inode
  }

  remove(path: string): void {
    this.at(path)
    this.paths.delete(path)
    this.#touchParent(path)
  }

  link(from: string, to: string): void {
    this.paths.set(to, this.at(from))
    this.#touchParent(to)
  }

  /** A directory gets another mtime when something in it gets or loses a name. */
  #touchParent(path: string): void {
    const parent = this.paths.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
    if (parent !== undefined) parent.mtime = undefined
  }

  rename(from: string, to: string): void {
    const moved = this.at(from)
    this.paths.delete(from)
    this.paths.set(to, moved)
    this.#touchParent(from)
    this.#touchParent(to)
    for (const [path, inode] of [...this.paths]) {
      if (!path.startsWith(`${from}/`)) continue
      this.paths.delete(path)
      this.paths.set(to + path.slice(from.length), inode)
    }
  }

  write(path: string, offset: number, count: number, stamp: number, isPromised: boolean): void {
    const inode = this.at(path)
    inode.mtime = undefined
    while (inode.blocks.length < offset + count)
      inode.blocks.push({ promised: 0, unpromised: new Set(), current: 0 })
    inode.sizeMax = Math.max(inode.sizeMax, offset + count)
    for (const block of inode.blocks.slice(offset, offset + count)) {
      block.current = stamp
      if (!isPromised) block.unpromised.add(stamp)
    }
    if (isPromised) this.sync(path)
  }

  /** All that was written is promised from now on. */
  sync(path: string): void {
    const inode = this.at(path)
    inode.size = inode.sizeMax
    for (const block of inode.blocks) {
      block.promised = block.current
      block.unpromised.clear()
    }
  }

  truncate(path: string, size: number): void {
    const inode = this.at(path)
    inode.mtime = undefined
    inode.blocks = inode.blocks.slice(0, size)
    while (inode.blocks.length < size) inode.blocks.push({ promised: 0, unpromised: new Set(), current: 0 })
    inode.size = size
    inode.sizeMax = size
  }

  /** What is not as promised, a line each. Of `unsettled` paths only their being there is looked at. */
  differences(entries: readonly Entry[], unsettled: ReadonlySet<Inode> = new Set()): string[] {
    const found = new Map(entries.map((entry) => [entry.path, entry]))
    const lines: string[] = []
    const names = new Map<Inode, string[]>()
    for (const [path, inode] of this.paths) names.set(inode, [...(names.get(inode) ?? []), path])
    for (const [inode, paths] of names) {
      for (const path of paths) {
        const entry = found.get(path)
        found.delete(path)
        if (entry === undefined) lines.push(`${path} is missing`)
        else if (entry.type !== inode.type) lines.push(`${path} is ${entry.type}, not ${inode.type}`)
        else if (!unsettled.has(inode)) lines.push(...unlike(inode, entry, paths.length))
      }
      const inodes = new Set(entries.filter(({ path }) => paths.includes(path)).map(({ inode }) => inode))
      if (inodes.size > 1) lines.push(`${paths.join(' and ')} are not one file`)
    }
    for (const path of found.keys()) lines.push(`${path} should not be there`)
    return lines
  }
}

function unlike(inode: Inode, entry: Entry, links: number): string[] {
  const lines: string[] = []
  const expect = (what: string, found: string | number, expected: string | number | undefined) => {
    if (expected !== undefined && found !== expected)
      lines.push(`${entry.path}: ${what} is ${found}, not ${expected}`)
  }
  if (inode.type !== 'l') expect('mode', entry.mode, inode.mode)
  expect('uid', entry.uid, inode.uid)
  expect('gid', entry.gid, inode.gid)
  expect('mtime', entry.mtime, inode.mtime)
  if (inode.type !== 'd') expect('links', entry.links, links)
  if (inode.type === 'l') expect('target', entry.target, inode.target)
  if (inode.type !== 'f') return lines
  const [bytesMin, bytesMax] = [inode.size * blockBytes, inode.sizeMax * blockBytes]
  if (entry.bytes < bytesMin || entry.bytes > bytesMax)
    lines.push(`${entry.path}: ${entry.bytes} bytes, not ${bytesMin} to ${bytesMax}`)
  for (const [index, block] of inode.blocks.entries()) {
    const value = entry.blocks[index]
    if (value === undefined || value === String(block.promised) || block.unpromised.has(Number(value)))
      continue
    // Written in part, or not at all yet and the file is longer already.
    if (block.unpromised.size > 0 && (value === '?' || value === '0')) continue
    lines.push(`${entry.path}: block ${index} is ${value}, not ${block.promised}`)
  }
  return lines
}

/** Parses the dump. */
export function parseDump(text: string): Entry[] {
  const entries: Entry[] = []
  for (const line of text.split('\n').filter(Boolean)) {
    const [path, type, mode, uid, gid, links, bytes, mtime, inode, content] = line.split(' ')
    if (content === undefined) throw new Error(`not a line of a dump: ${line}`)
    const blocks: string[] = []
    for (const part of type === 'f' ? content.split(',').slice(0, -1) : []) {
      const [stamp, count] = part.split('x')
      for (let i = 0; i < Number(count); i++) blocks.push(stamp!)
    }
    entries.push({
      path: path!.replace(/^\.\//, ''),
      type: type!,
      mode: mode!,
      uid: Number(uid),
      gid: Number(gid),
      links: Number(links),
      bytes: Number(bytes),
      mtime: mtime!,
      inode: inode!,
      blocks,
      target: content,
    })
  }
  return entries
}
