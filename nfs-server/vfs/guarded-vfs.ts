/**
 * Puts export policy and handles that cannot be forged around any Vfs: the caller reaches it with squashed ids,
 * its handles reach the wire sealed, and a read-only export is not changed. The Vfs inside knows none of this.
 */
import type { Caller } from '../caller.ts'
import { mapAnswer } from './answer.ts'
import { type Errno, errno } from './errno.ts'
import type { Admission, ExportGuard, OpenedHandle } from './export-guard.ts'
import {
  Access,
  type AccessResult,
  type Acl,
  type Answer,
  type AttributesResult,
  type ByteRange,
  type CommitResult,
  type CreateHow,
  type CreateResult,
  type DirectoryBudget,
  type DirectoryEntry,
  type FileHandle,
  type FsinfoResult,
  type FsstatResult,
  type GetaclResult,
  type LinkResult,
  type Listing,
  type LockOwner,
  type LockResult,
  type LookupResult,
  type PathconfResult,
  type ReaddirResult,
  type ReadlinkResult,
  type ReadResult,
  type RenameResult,
  type SetAttributes,
  type SpecialFile,
  Stable,
  type Time,
  type Vfs,
  type Wcc,
  type WccResult,
  type WriteResult,
} from './vfs.ts'

const noVerifier = new Uint8Array(8)
const noWcc: Wcc = { before: undefined, after: undefined }
const noObject = { handle: undefined, attributes: undefined }
const changing = Access.MODIFY | Access.EXTEND | Access.DELETE

export class GuardedVfs implements Vfs {
  readonly #vfs: Vfs
  readonly #guard: ExportGuard

  constructor(vfs: Vfs, guard: ExportGuard) {
    this.#vfs = vfs
    this.#guard = guard
  }

  /** A call that leaves the file system as it is. */
  #look<T, F>(
    caller: Caller,
    handle: FileHandle,
    failure: (status: Errno) => F,
    call: (opened: OpenedHandle) => Answer<T>,
  ): Answer<T | F> {
    const opened = this.#guard.open(caller, handle)
    return typeof opened === 'number' ? failure(opened) : call(opened)
  }

  /** A call that would change the object: EROFS, with its attributes, in a read-only export. */
  #change<T, F>(
    caller: Caller,
    handle: FileHandle,
    failure: (status: Errno, wcc: Wcc) => F,
    call: (opened: OpenedHandle) => Answer<T>,
  ): Answer<T | F> {
    const opened = this.#guard.open(caller, handle)
    if (typeof opened === 'number') return failure(opened, noWcc)
    if (!opened.readOnly) return call(opened)
    return mapAnswer(this.#vfs.getattr(opened.caller, opened.handle), ({ status, attributes }) =>
      failure(status === errno.OK ? errno.EROFS : status, { before: undefined, after: attributes }),
    )
  }

  /** A call that makes an object, whose handle is sealed on the way out. */
  #make(
    caller: Caller,
    directory: FileHandle,
    call: (opened: OpenedHandle) => Answer<CreateResult>,
  ): Answer<CreateResult> {
    const failure = (status: Errno, wcc: Wcc) => ({ status, wcc, ...noObject })
    return this.#change(caller, directory, failure, (opened) =>
      mapAnswer(call(opened), (result) => ({ ...result, handle: this.#seal(opened, result.handle) })),
    )
  }

  #seal({ exportId }: Admission, handle: FileHandle | undefined): FileHandle | undefined {
    return handle === undefined ? undefined : this.#guard.seal(exportId, handle)
  }

  getattr(caller: Caller, object: FileHandle): Answer<AttributesResult> {
    return this.#look(caller, object, withoutAttributes, (opened) =>
      this.#vfs.getattr(opened.caller, opened.handle),
    )
  }

  setattr(
    caller: Caller,
    object: FileHandle,
    changes: SetAttributes,
    guard: Time | undefined,
  ): Answer<WccResult> {
    return this.#change(caller, object, onlyWcc, (opened) =>
      this.#vfs.setattr(opened.caller, opened.handle, changes, guard),
    )
  }

  lookup(caller: Caller, directory: FileHandle, name: Uint8Array): Answer<LookupResult> {
    return this.#look(caller, directory, withoutObject, (opened) =>
      mapAnswer(this.#vfs.lookup(opened.caller, opened.handle, name), (result) => ({
        ...result,
        handle: this.#seal(opened, result.handle),
      })),
    )
  }

  access(caller: Caller, object: FileHandle, wanted: number): Answer<AccessResult> {
    const failure = (status: Errno) => ({ ...withoutAttributes(status), access: 0 })
    return this.#look(caller, object, failure, (opened) =>
      this.#vfs.access(opened.caller, opened.handle, opened.readOnly ? wanted & ~changing : wanted),
    )
  }

  readlink(caller: Caller, symlink: FileHandle): Answer<ReadlinkResult> {
    const failure = (status: Errno) => ({ ...withoutAttributes(status), target: undefined })
    return this.#look(caller, symlink, failure, (opened) => this.#vfs.readlink(opened.caller, opened.handle))
  }

  read(caller: Caller, file: FileHandle, offset: bigint, buffer: Uint8Array): Answer<ReadResult> {
    const failure = (status: Errno) => ({ ...withoutAttributes(status), count: 0, eof: false })
    return this.#look(caller, file, failure, (opened) =>
      this.#vfs.read(opened.caller, opened.handle, offset, buffer),
    )
  }

  write(
    caller: Caller,
    file: FileHandle,
    offset: bigint,
    data: Uint8Array,
    stable: Stable,
  ): Answer<WriteResult> {
    const nothing = { count: 0, committed: Stable.UNSTABLE, verifier: noVerifier }
    const failure = (status: Errno, wcc: Wcc) => ({ status, wcc, ...nothing })
    return this.#change(caller, file, failure, (opened) =>
      this.#vfs.write(opened.caller, opened.handle, offset, data, stable),
    )
  }

  create(caller: Caller, directory: FileHandle, name: Uint8Array, how: CreateHow): Answer<CreateResult> {
    return this.#make(caller, directory, (opened) =>
      this.#vfs.create(opened.caller, opened.handle, name, how),
    )
  }

  mkdir(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    attributes: SetAttributes,
  ): Answer<CreateResult> {
    return this.#make(caller, directory, (opened) =>
      this.#vfs.mkdir(opened.caller, opened.handle, name, attributes),
    )
  }

  symlink(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    target: Uint8Array,
    attributes: SetAttributes,
  ): Answer<CreateResult> {
    return this.#make(caller, directory, (opened) =>
      this.#vfs.symlink(opened.caller, opened.handle, name, target, attributes),
    )
  }

  mknod(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    what: SpecialFile,
    attributes: SetAttributes,
  ): Answer<CreateResult> {
    return this.#make(caller, directory, (opened) =>
      this.#vfs.mknod(opened.caller, opened.handle, name, what, attributes),
    )
  }

  remove(caller: Caller, directory: FileHandle, name: Uint8Array): Answer<WccResult> {
    return this.#change(caller, directory, onlyWcc, (opened) =>
      this.#vfs.remove(opened.caller, opened.handle, name),
    )
  }

  rmdir(caller: Caller, directory: FileHandle, name: Uint8Array): Answer<WccResult> {
    return this.#change(caller, directory, onlyWcc, (opened) =>
      this.#vfs.rmdir(opened.caller, opened.handle, name),
    )
  }

  rename(
    caller: Caller,
    fromDirectory: FileHandle,
    fromName: Uint8Array,
    toDirectory: FileHandle,
    toName: Uint8Array,
  ): Answer<RenameResult> {
    const failure = (status: Errno, fromWcc: Wcc) => ({ status, fromWcc, toWcc: noWcc })
    return this.#change(caller, fromDirectory, failure, (from) => {
      const to = this.#guard.open(caller, toDirectory)
      if (typeof to === 'number') return failure(to, noWcc)
      if (from.exportId !== to.exportId) return failure(errno.EXDEV, noWcc)
      return this.#vfs.rename(from.caller, from.handle, fromName, to.handle, toName)
    })
  }

  link(caller: Caller, object: FileHandle, directory: FileHandle, name: Uint8Array): Answer<LinkResult> {
    const failure = (status: Errno, wcc: Wcc) => ({ status, wcc, attributes: undefined })
    return this.#change(caller, directory, failure, (into) => {
      const opened = this.#guard.open(caller, object)
      if (typeof opened === 'number') return failure(opened, noWcc)
      if (opened.exportId !== into.exportId) return failure(errno.EXDEV, noWcc)
      return this.#vfs.link(into.caller, opened.handle, into.handle, name)
    })
  }

  readdir(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): Answer<Listing> {
    return this.#look(caller, directory, noEntries, (opened) =>
      this.#vfs.readdir(opened.caller, opened.handle, cookie, cookieverf, budget),
    )
  }

  readdirplus(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): Answer<ReaddirResult> {
    return this.#look(caller, directory, noEntries, (opened) =>
      mapAnswer(this.#vfs.readdirplus(opened.caller, opened.handle, cookie, cookieverf, budget), (result) =>
        this.#sealEntries(opened, result, budget.maxcount),
      ),
    )
  }

  /** The Vfs counted its own handles; sealed they are longer, so fewer entries may fit. */
  #sealEntries(opened: OpenedHandle, result: Listing, maxcount: number): ReaddirResult {
    if ('encoded' in result) throw new Error('handles that are encoded cannot be sealed')
    const entries: DirectoryEntry[] = []
    let left = maxcount
    for (const entry of result.entries) {
      const handle = this.#seal(opened, entry.handle)
      left -= 24 + padded(entry.name.length) + 4 + 84 + 8 + padded(handle?.length ?? 0)
      if (left < 0) {
        const status = entries.length === 0 ? errno.ETOOSMALL : errno.OK
        return { ...result, status, entries, eof: false }
      }
      entries.push({ ...entry, handle })
    }
    return { ...result, entries }
  }

  fsstat(caller: Caller, object: FileHandle): Answer<FsstatResult> {
    const none = { tbytes: 0n, fbytes: 0n, abytes: 0n, tfiles: 0n, ffiles: 0n, afiles: 0n, invarsec: 0 }
    const failure = (status: Errno) => ({ ...withoutAttributes(status), ...none })
    return this.#look(caller, object, failure, (opened) => this.#vfs.fsstat(opened.caller, opened.handle))
  }

  fsinfo(caller: Caller, object: FileHandle): Answer<FsinfoResult> {
    const can = { link: false, symlink: false, homogeneous: false, cansettime: false }
    const none = { maxfilesize: 0n, time_delta: { seconds: 0, nseconds: 0 }, ...can }
    const failure = (status: Errno) => ({ ...withoutAttributes(status), ...none })
    return this.#look(caller, object, failure, (opened) => this.#vfs.fsinfo(opened.caller, opened.handle))
  }

  pathconf(caller: Caller, object: FileHandle): Answer<PathconfResult> {
    const none = { linkmax: 0, name_max: 0, no_trunc: false, chown_restricted: false }
    const failure = (status: Errno) => {
      return { ...withoutAttributes(status), ...none, case_insensitive: false, case_preserving: false }
    }
    return this.#look(caller, object, failure, (opened) => this.#vfs.pathconf(opened.caller, opened.handle))
  }

  /** Allowed in a read-only export: it makes stable what is there, changing nothing. */
  commit(caller: Caller, file: FileHandle, offset: bigint, count: number): Answer<CommitResult> {
    const failure = (status: Errno) => ({ status, wcc: noWcc, verifier: noVerifier })
    return this.#look(caller, file, failure, (opened) =>
      this.#vfs.commit(opened.caller, opened.handle, offset, count),
    )
  }

  resolve(caller: Caller, exportPath: string, path: Uint8Array): Answer<LookupResult> {
    const admission = this.#guard.enter(caller, exportPath)
    if (typeof admission === 'number') return withoutObject(admission)
    return mapAnswer(this.#vfs.resolve(admission.caller, exportPath, path), (result) => ({
      ...result,
      handle: this.#seal(admission, result.handle),
    }))
  }
  getacl(caller: Caller, object: FileHandle): Answer<GetaclResult> {
    const failure = (status: Errno) => ({
      ...withoutAttributes(status),
      access: undefined,
      default: undefined,
    })
    return this.#look(
      caller,
      object,
      failure,
      (opened) => this.#vfs.getacl?.(opened.caller, opened.handle) ?? failure(errno.ENOTSUPP),
    )
  }

  setacl(
    caller: Caller,
    object: FileHandle,
    access: Acl | undefined,
    byDefault: Acl | undefined,
  ): Answer<AttributesResult> {
    const failure = (status: Errno, { after }: Wcc) => ({ status, attributes: after })
    return this.#change(
      caller,
      object,
      failure,
      (opened) =>
        this.#vfs.setacl?.(opened.caller, opened.handle, access, byDefault) ?? failure(errno.ENOTSUPP, noWcc),
    )
  }

  /** An exclusive lock is for those who would change the file: EROFS in a read-only export. */
  lock(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    range: ByteRange,
    exclusive: boolean,
  ): Answer<LockResult> {
    return this.#look(caller, file, noLock, (opened) => {
      if (exclusive && opened.readOnly) return noLock(errno.EROFS)
      return this.#vfs.lock?.(opened.caller, opened.handle, owner, range, exclusive) ?? noLock(errno.ENOLCK)
    })
  }

  testLock(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    range: ByteRange,
    exclusive: boolean,
  ): Answer<LockResult> {
    return this.#look(
      caller,
      file,
      noLock,
      (opened) =>
        this.#vfs.testLock?.(opened.caller, opened.handle, owner, range, exclusive) ?? noLock(errno.ENOLCK),
    )
  }

  unlock(caller: Caller, file: FileHandle, owner: LockOwner, range: ByteRange): Answer<LockResult> {
    return this.#look(
      caller,
      file,
      noLock,
      (opened) => this.#vfs.unlock?.(opened.caller, opened.handle, owner, range) ?? noLock(errno.ENOLCK),
    )
  }
}

function noLock(status: Errno): LockResult {
  return { status, held: 0, holder: undefined }
}

function withoutAttributes(status: Errno): AttributesResult {
  return { status, attributes: undefined }
}

function withoutObject(status: Errno): LookupResult {
  return { status, ...noObject, directoryAttributes: undefined }
}

function onlyWcc(status: Errno, wcc: Wcc): WccResult {
  return { status, wcc }
}

function noEntries(status: Errno): ReaddirResult {
  return { status, directoryAttributes: undefined, cookieverf: noVerifier, entries: [], eof: false }
}

function padded(byteLength: number): number {
  return (byteLength + 3) & ~3
}
