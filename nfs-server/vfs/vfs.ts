/**
 * The interface between the NFS programs and a file system.
 *
 * Every method gets the caller first and answers a result object whose `status` is 0 or an errno number
 * (errno.ts); it never throws for an operating error. Objects that NFSv3 reports on failure as well (wcc data,
 * post-operation attributes) are filled in whenever there is something true to say, else undefined. A method
 * may answer at once or later: at once only where it cannot block.
 *
 * Handles are minted by the Vfs and opaque to everyone else: 1 to 38 bytes where they are sealed outside of it
 * (guarded-vfs.ts), else up to 64; stable across server restart and rename. Names are bytes, one component, never interpreted as text: never empty, without '/' and NUL, and "." and
 * ".." come to lookup only (programs/nfs3/names.ts answers the rest). How long they may be is the Vfs's to say:
 * ENAMETOOLONG. Offsets and sizes of at most 2^63 - 1 reach it. Buffers that a method is given stay untouched by
 * others until its answer settles; buffers that it answers with are not reused by it.
 *
 * Field names of Attributes and friends are those of RFC 1813, section 2.5 and 2.6, so that a procedure hands
 * them to the encoder as they are.
 */
import type { Caller } from '../caller.ts'
import type { Errno, errno } from './errno.ts'

export type Answer<T> = T | Promise<T>
export type FileHandle = Uint8Array

/**
 * The number of a running call in the reply record, given with operations that must not run twice. A Vfs whose changes
 * outlive the process records there what it does, so that the call can be answered after a crash; others ignore it.
 */
export type Intent = number

/** Values of ftype3. */
export const FileType = { REG: 1, DIR: 2, BLK: 3, CHR: 4, LNK: 5, SOCK: 6, FIFO: 7 } as const
export type FileType = (typeof FileType)[keyof typeof FileType]

export interface Time {
  /** Seconds since 1970, 0 to 2^32 - 1. */
  readonly seconds: number
  /** 0 to 999,999,999. */
  readonly nseconds: number
}

export interface Attributes {
  readonly type: FileType
  /** Permission bits, set-id and sticky bits (07777); no type bits. */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly size: bigint
  /** Bytes of storage in use. */
  readonly used: bigint
  /** Device numbers: specdata1 is the major, specdata2 the minor. */
  readonly rdev: { readonly specdata1: number; readonly specdata2: number }
  readonly fsid: bigint
  readonly fileid: bigint
  readonly atime: Time
  readonly mtime: Time
  readonly ctime: Time
}

/** The part of the attributes that weak cache consistency compares (wcc_attr). */
export interface WccAttributes {
  readonly size: bigint
  readonly mtime: Time
  readonly ctime: Time
}

/** wcc_data: `before` only if it is really from before the operation. */
export interface Wcc {
  readonly before: WccAttributes | undefined
  readonly after: Attributes | undefined
}

export interface SetAttributes {
  readonly mode: number | undefined
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly size: bigint | undefined
  readonly atime: Time | 'now' | undefined
  readonly mtime: Time | 'now' | undefined
}

/** stable_how of RFC 1813, section 3.3.7. */
export const Stable = { UNSTABLE: 0, DATA_SYNC: 1, FILE_SYNC: 2 } as const
export type Stable = (typeof Stable)[keyof typeof Stable]

/** ACCESS3_* bits of RFC 1813, section 3.3.4. */
export const Access = { READ: 1, LOOKUP: 2, MODIFY: 4, EXTEND: 8, DELETE: 16, EXECUTE: 32 } as const

/** createhow3 of RFC 1813, section 3.3.8. */
export type CreateHow =
  | { readonly mode: 'unchecked' | 'guarded'; readonly attributes: SetAttributes }
  | { readonly mode: 'exclusive' /** 8 bytes */; readonly verifier: Uint8Array }

export type SpecialFile =
  | {
      readonly type: typeof FileType.BLK | typeof FileType.CHR
      readonly major: number
      readonly minor: number
    }
  | { readonly type: typeof FileType.SOCK | typeof FileType.FIFO }

export interface StatusResult {
  readonly status: Errno
}
export interface AttributesResult extends StatusResult {
  /** Always there when status is 0. */
  readonly attributes: Attributes | undefined
}
export interface WccResult extends StatusResult {
  readonly wcc: Wcc
}
export interface LookupResult extends StatusResult {
  /** The object found; always there when status is 0. */
  readonly handle: FileHandle | undefined
  readonly attributes: Attributes | undefined
  readonly directoryAttributes: Attributes | undefined
}
export interface AccessResult extends AttributesResult {
  /** The subset of the bits asked for that the caller has. */
  readonly access: number
}
export interface ReadlinkResult extends AttributesResult {
  readonly target: Uint8Array | undefined
}
export interface ReadResult extends AttributesResult {
  /** Bytes placed at the front of the caller's buffer. */
  readonly count: number
  /** True when the read reached the end of the file, also together with data. */
  readonly eof: boolean
}
export interface WriteResult extends WccResult {
  readonly count: number
  /** What was really done: at least what was asked for. */
  readonly committed: Stable
  /** 8 bytes (writeverf3). */
  readonly verifier: Uint8Array
}
export interface CreateResult extends WccResult {
  /** The new object. */
  readonly handle: FileHandle | undefined
  readonly attributes: Attributes | undefined
}
export interface RenameResult extends StatusResult {
  readonly fromWcc: Wcc
  readonly toWcc: Wcc
}
export interface LinkResult extends AttributesResult {
  readonly wcc: Wcc
}
export interface CommitResult extends WccResult {
  /** 8 bytes (writeverf3). */
  readonly verifier: Uint8Array
}

export interface DirectoryEntry {
  readonly fileid: bigint
  readonly name: Uint8Array
  /** Position after this entry: never 0, valid as long as the directory lives, whatever else changes in it. */
  readonly cookie: bigint
  /** READDIRPLUS only, and only what could be had. */
  readonly attributes: Attributes | undefined
  readonly handle: FileHandle | undefined
}

/**
 * How many bytes of entries a reply may hold; the fixed part of the reply is already taken off. An entry costs
 * `dircount` 20 + pad4(name) bytes (fileid, name, cookie) and `maxcount` 24 + pad4(name) bytes for READDIR
 * (entry3), 24 + pad4(name) + 4 + 84 + 8 + pad4(handle) for READDIRPLUS (entryplus3; attributes and handle
 * counted as present). pad4 rounds up to a multiple of four. The Vfs stops before the entry that would exceed
 * either; if not even one fits, the status is ETOOSMALL.
 */
export interface DirectoryBudget {
  readonly dircount: number
  readonly maxcount: number
}

export interface ReaddirResult extends StatusResult {
  readonly directoryAttributes: Attributes | undefined
  /** 8 bytes (cookieverf3). */
  readonly cookieverf: Uint8Array
  readonly entries: readonly DirectoryEntry[]
  readonly eof: boolean
}

/** A listing as it goes over the wire, which its handles then do as they are. */
export interface EncodedListing {
  readonly status: typeof errno.OK
  /** READDIR3resok or READDIRPLUS3resok of RFC 1813, sections 3.3.16 and 3.3.17. */
  readonly encoded: Uint8Array
}

export type Listing = ReaddirResult | EncodedListing

/** fsstat3resok: bytes and file slots, total, free, and free to this caller; `invarsec` in seconds. */
export interface FsstatResult extends AttributesResult {
  readonly tbytes: bigint
  readonly fbytes: bigint
  readonly abytes: bigint
  readonly tfiles: bigint
  readonly ffiles: bigint
  readonly afiles: bigint
  readonly invarsec: number
}

/** What of fsinfo3resok depends on the file system; transfer sizes are the server's. */
export interface FsinfoResult extends AttributesResult {
  readonly maxfilesize: bigint
  readonly time_delta: Time
  /** Hard links, symbolic links, one PATHCONF for all, SETATTR can set times to the time_delta. */
  readonly link: boolean
  readonly symlink: boolean
  readonly homogeneous: boolean
  readonly cansettime: boolean
}

export interface PathconfResult extends AttributesResult {
  readonly linkmax: number
  readonly name_max: number
  readonly no_trunc: boolean
  readonly chown_restricted: boolean
  readonly case_insensitive: boolean
  readonly case_preserving: boolean
}

/** Tags of ACL entries, by the numbers of Linux (linux/posix_acl.h). */
export const AclTag = { USER_OBJ: 1, USER: 2, GROUP_OBJ: 4, GROUP: 8, MASK: 16, OTHER: 32 } as const
export type AclTag = (typeof AclTag)[keyof typeof AclTag]

export interface AclEntry {
  readonly tag: AclTag
  /** Of USER and GROUP only. */
  readonly id: number | undefined
  /** 4 for reading, 2 for writing, 1 for executing. */
  readonly perm: number
}
/** A POSIX ACL (acl(5)), ordered by tag, then id. */
export type Acl = readonly AclEntry[]

export interface GetaclResult extends AttributesResult {
  /** Undefined: there is none but what the mode says. */
  readonly access: Acl | undefined
  /** What new objects in a directory inherit. */
  readonly default: Acl | undefined
}

/** Who holds a lock: the same bytes, the same owner. At most 4096 of them. */
export type LockOwner = Uint8Array

export interface ByteRange {
  /** Below 2^63, else EFBIG. */
  readonly offset: bigint
  /** 0: to the end of the file, wherever that will be. */
  readonly length: bigint
}
export interface LockHolder extends ByteRange {
  readonly exclusive: boolean
  /** Undefined if it is none of those who lock through this Vfs. */
  readonly owner: LockOwner | undefined
  /** A process of the machine that has the file system; 0 if unknown. */
  readonly pid: number
}
export interface LockResult extends StatusResult {
  /** How many separate ranges the owner holds in the file afterwards. */
  readonly held: number
  /** What is in the way, when status is EAGAIN. */
  readonly holder: LockHolder | undefined
}

export interface Vfs {
  getattr(caller: Caller, object: FileHandle): Answer<AttributesResult>
  /** With `guard`, ENOTSYNC unless the object's ctime equals it. */
  setattr(
    caller: Caller,
    object: FileHandle,
    changes: SetAttributes,
    guard: Time | undefined,
    intent?: Intent,
  ): Answer<WccResult>
  /** "." is the directory itself, ".." its parent; ".." of an export's root is the root. */
  lookup(caller: Caller, directory: FileHandle, name: Uint8Array): Answer<LookupResult>
  access(caller: Caller, object: FileHandle, wanted: number): Answer<AccessResult>
  readlink(caller: Caller, symlink: FileHandle): Answer<ReadlinkResult>
  /** Reads up to buffer.length bytes straight into `buffer`. */
  read(caller: Caller, file: FileHandle, offset: bigint, buffer: Uint8Array): Answer<ReadResult>
  write(
    caller: Caller,
    file: FileHandle,
    offset: bigint,
    data: Uint8Array,
    stable: Stable,
  ): Answer<WriteResult>
  create(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    how: CreateHow,
    intent?: Intent,
  ): Answer<CreateResult>
  mkdir(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    attributes: SetAttributes,
    intent?: Intent,
  ): Answer<CreateResult>
  symlink(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    target: Uint8Array,
    attributes: SetAttributes,
    intent?: Intent,
  ): Answer<CreateResult>
  mknod(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    what: SpecialFile,
    attributes: SetAttributes,
    intent?: Intent,
  ): Answer<CreateResult>
  remove(caller: Caller, directory: FileHandle, name: Uint8Array, intent?: Intent): Answer<WccResult>
  rmdir(caller: Caller, directory: FileHandle, name: Uint8Array, intent?: Intent): Answer<WccResult>
  rename(
    caller: Caller,
    fromDirectory: FileHandle,
    fromName: Uint8Array,
    toDirectory: FileHandle,
    toName: Uint8Array,
    intent?: Intent,
  ): Answer<RenameResult>
  link(
    caller: Caller,
    object: FileHandle,
    directory: FileHandle,
    name: Uint8Array,
    intent?: Intent,
  ): Answer<LinkResult>
  /** Entries after `cookie` (0: from the start); `cookieverf` is the one an earlier answer gave. */
  readdir(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): Answer<Listing>
  readdirplus(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): Answer<Listing>
  fsstat(caller: Caller, object: FileHandle): Answer<FsstatResult>
  fsinfo(caller: Caller, object: FileHandle): Answer<FsinfoResult>
  pathconf(caller: Caller, object: FileHandle): Answer<PathconfResult>
  /** Makes earlier unstable writes of the range stable; count 0 means to the end of the file. */
  commit(caller: Caller, file: FileHandle, offset: bigint, count: number): Answer<CommitResult>

  /**
   * For MOUNT: the handle of a directory inside an export, found with the server's own rights (a client mounts
   * before its users are known), never leaving the export. `path` is relative to the export's root, components
   * separated by '/', empty for the root itself. EACCES if this caller's address or port is not allowed to use
   * the export at all.
   */
  resolve(caller: Caller, exportPath: string, path: Uint8Array): Answer<LookupResult>

  /** Without these methods a file system has no ACLs. EOPNOTSUPP where some of its objects cannot have any. */
  getacl?(caller: Caller, object: FileHandle): Answer<GetaclResult>
  /** Sets what is given; an empty one is removed. EACCES: a default ACL for what is no directory. */
  setacl?(
    caller: Caller,
    object: FileHandle,
    access: Acl | undefined,
    byDefault: Acl | undefined,
  ): Answer<AttributesResult>

  /**
   * Advisory locks on ranges of bytes, as fcntl(2) has them: an owner's locks never conflict with each other, a new
   * one replaces what it overlaps. None of these ever waits: EAGAIN and what is in the way. Without these methods a
   * file system has no locks.
   */
  lock?(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    range: ByteRange,
    exclusive: boolean,
  ): Answer<LockResult>
  /** As lock, and takes nothing. */
  testLock?(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    range: ByteRange,
    exclusive: boolean,
  ): Answer<LockResult>
  /** Unlocks what of the range is locked, which may be nothing. `caller` is whoever took the lock. */
  unlock?(caller: Caller, file: FileHandle, owner: LockOwner, range: ByteRange): Answer<LockResult>
}
