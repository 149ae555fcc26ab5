/** Locks on byte ranges, kept per inode: they go with it. */
import type { Caller } from '../../caller.ts'
import { type Errno, errno } from '../errno.ts'
import { type ByteRange, type FileHandle, FileType, type LockOwner, type LockResult } from '../vfs.ts'
import type { Inode, RegularFile } from './inode.ts'
import type { InodeTable } from './inode-table.ts'
import { may, mayRead, mayWriteData } from './permissions.ts'

/** First and last byte. */
interface Held {
  readonly first: bigint
  readonly last: bigint
  readonly exclusive: boolean
}

interface Owned {
  readonly owner: LockOwner
  ranges: readonly Held[]
}

/** Nothing lies beyond what a signed offset can say. */
const lastOfAll = 2n ** 63n - 1n

export class MemoryLocks {
  readonly #table: InodeTable
  readonly #files = new WeakMap<Inode, Map<string, Owned>>()

  constructor(table: InodeTable) {
    this.#table = table
  }

  lock(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    range: ByteRange,
    exclusive: boolean,
    isTest: boolean,
  ): LockResult {
    const inode = this.#open(caller, file)
    if (typeof inode === 'number') return without(inode)
    const wanted = heldFrom(range, exclusive)
    if (wanted === undefined) return without(errno.EFBIG)
    const owners = this.#files.get(inode) ?? new Map<string, Owned>()
    const key = keyOf(owner)
    for (const [otherKey, other] of owners) {
      const inTheWay = other.ranges.find((held) => overlaps(held, wanted) && (exclusive || held.exclusive))
      if (otherKey === key || inTheWay === undefined) continue
      const holder = { ...rangeOf(inTheWay), exclusive: inTheWay.exclusive, owner: other.owner, pid: 0 }
      return { status: errno.EAGAIN, held: 0, holder }
    }
    const own = owners.get(key) ?? { owner: owner.slice(), ranges: [] }
    if (!isTest) {
      own.ranges = merged([...own.ranges.flatMap((held) => outside(held, wanted)), wanted])
      owners.set(key, own)
      this.#files.set(inode, owners)
    }
    return { status: errno.OK, held: own.ranges.length, holder: undefined }
  }

  unlock(file: FileHandle, owner: LockOwner, range: ByteRange): LockResult {
    const inode = this.#table.find(file)
    // With the file its locks are gone.
    if (typeof inode === 'number') return without(inode === errno.ESTALE ? errno.OK : inode)
    const wanted = heldFrom(range, true)
    if (wanted === undefined) return without(errno.EFBIG)
    const owners = this.#files.get(inode)
    const own = owners?.get(keyOf(owner))
    if (owners === undefined || own === undefined) return without(errno.OK)
    own.ranges = own.ranges.flatMap((held) => outside(held, wanted))
    if (own.ranges.length === 0) owners.delete(keyOf(owner))
    return { status: errno.OK, held: own.ranges.length, holder: undefined }
  }

  #open(caller: Caller, file: FileHandle): RegularFile | Errno {
    const inode = this.#table.find(file)
    if (typeof inode === 'number') return inode
    if (inode.type === FileType.DIR) return errno.EISDIR
    if (inode.type !== FileType.REG) return errno.EINVAL
    return mayWriteData(caller, inode) || may(caller, inode, mayRead) ? inode : errno.EACCES
  }
}

function without(status: Errno): LockResult {
  return { status, held: 0, holder: undefined }
}

function keyOf(owner: LockOwner): string {
  return Buffer.from(owner.buffer, owner.byteOffset, owner.byteLength).toString('latin1')
}

function heldFrom({ offset, length }: ByteRange, exclusive: boolean): Held | undefined {
  if (offset > lastOfAll) return undefined
  const last = length === 0n ? lastOfAll : offset + length - 1n
  return { first: offset, last: last > lastOfAll ? lastOfAll : last, exclusive }
}

function rangeOf({ first, last }: Held): ByteRange {
  return { offset: first, length: last === lastOfAll ? 0n : last - first + 1n }
}

function overlaps(one: Held, other: Held): boolean {
  return one.first <= other.last && other.first <= one.last
}

/** What is left of `held` when `taken` is cut out. */
function outside(held: Held, taken: Held): Held[] {
  if (!overlaps(held, taken)) return [held]
  const left: Held[] = []
  if (held.first < taken.first) left.push({ ...held, last: taken.first - 1n })
  if (held.last > taken.last) left.push({ ...held, first: taken.last + 1n })
  return left
}

/** Sorted, with neighbours of one kind as one. */
function merged(ranges: readonly Held[]): Held[] {
  const result: Held[] = []
  for (const held of ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = result.at(-1)
    if (before !== undefined && before.exclusive === held.exclusive && before.last + 1n === held.first) {
      result[result.length - 1] = { ...before, last: held.last }
    } else {
      result.push(held)
    }
  }
  return result
}
