/** The addon, typed by hand: what native/src exports, in the same order of arguments. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { NativeAgents } from './agent-binding.ts'
import { layoutDifference } from './answer-layout.ts'
import type { NativeSideChannel, SideChannelEvent } from './side-channel-server-binding.ts'
import type { NativeAgentConnections } from './local-agent-binding.ts'

/** Returned by an operation instead of a status: the answer comes by the completion queue. */
export const PENDING = -1
/** Status: the caller's number has been given to somebody else, intern it again and repeat the call. */
export const STALE_CALLER = 600

export interface ExportArgument {
  readonly path: string
  readonly fsid: number | undefined
  readonly readOnly: boolean
  readonly squash: 'root_squash' | 'no_root_squash' | 'all_squash'
  readonly anonuid: number
  readonly anongid: number
  readonly secure: boolean
  readonly sync: boolean
  readonly sideChannel: boolean
  readonly mappedStores: boolean
  /** IP addresses, CIDR blocks or '*'. */
  readonly clients: string[]
}

export interface ExportStrategy {
  readonly path: string
  /** How handles are made, in words: one per file system of the export. */
  readonly strategies: string[]
}

/** All but `status` is meaningless unless that is 0. */
export interface AdmissionResult {
  readonly status: number
  readonly exportId: number
  readonly readOnly: boolean
  readonly uid: number
  readonly gid: number
  readonly gids: number[]
  readonly inner?: Buffer
}

/** What the gate says of a handle; the path of the export that it is of, if there is one. */
export interface Judgement {
  readonly status: number
  readonly exportPath?: string
  readonly readOnly: boolean
}

export interface NativeCore {
  /** Gives up the state directory, once the sessions are closed, too; any other call throws then. */
  close(): void
  /** The number by which other threads of this process join the core. */
  share(): number
  /** As loadExports, for a Vfs of JavaScript's: the directories are not looked at. */
  loadPolicy(exports: ExportArgument[]): void
  /** Throws an Error for the administrator to read, and changes nothing then. */
  loadExports(exports: ExportArgument[]): void
  /** The number of a caller; `address` is textual. */
  intern(address: string, port: number, authSys: boolean, uid: number, gid: number, gids: number[]): number
  strategies(): ExportStrategy[]
  readonly privileged: boolean
  readonly descriptors: number
  guardEnter(caller: number, exportPath: string): AdmissionResult
  guardOpen(caller: number, handle: Uint8Array): AdmissionResult
  guardJudge(caller: number, handle: Uint8Array): Judgement
  guardSeal(exportId: number, inner: Uint8Array): Buffer
  /** Once, after the exports are loaded and before the first call. `lasting`: in a file, so that a restart finds it. */
  openReplies(lasting: boolean, bytes: number): ReplyFindings
}

export interface TimeArgument {
  readonly seconds: number
  readonly nseconds: number
  /** The server's clock instead. */
  readonly now: boolean
}

/** What is undefined stays as it is. */
export interface SetAttributesArgument {
  readonly mode: number | undefined
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly size: bigint | undefined
  readonly atime: TimeArgument | undefined
  readonly mtime: TimeArgument | undefined
}

/**
 * Operations answer a status (0 or an errno number), with the rest in the answer memory, or PENDING. The memory of
 * `read` and `write` must stay as it is until the answer is there.
 */
export interface NativeSession {
  /** What is running finishes; from then on everything is EJUKEBOX. */
  close(): void
  /** Moves completions into the buffer, each: ticket u32, length of its bytes u32, answer. The number of them. */
  drain(buffer: Uint8Array): number
  takeBytes(ticket: number): Buffer
  /** The next operation belongs to the call of this number in the reply record. */
  recordNext(number: number): void
  getattr(caller: number, ticket: number, object: Uint8Array): number
  setattr(
    caller: number,
    ticket: number,
    object: Uint8Array,
    changes: SetAttributesArgument,
    guard: TimeArgument | undefined,
  ): number
  lookup(caller: number, ticket: number, directory: Uint8Array, name: Uint8Array): number
  access(caller: number, ticket: number, object: Uint8Array, wanted: number): number
  /** `room`, of targetBytesMax at least: gets the bytes of an answer that is there at once. */
  readlink(caller: number, ticket: number, symlink: Uint8Array, room: Uint8Array): number
  read(caller: number, ticket: number, file: Uint8Array, offset: bigint, buffer: Uint8Array): number
  write(
    caller: number,
    ticket: number,
    file: Uint8Array,
    offset: bigint,
    data: Uint8Array,
    stable: number,
  ): number
  /** `verifier` has 8 bytes for an exclusive create and none otherwise. */
  create(
    caller: number,
    ticket: number,
    directory: Uint8Array,
    name: Uint8Array,
    guarded: boolean,
    attributes: SetAttributesArgument,
    verifier: Uint8Array,
  ): number
  mkdir(
    caller: number,
    ticket: number,
    directory: Uint8Array,
    name: Uint8Array,
    attributes: SetAttributesArgument,
  ): number
  symlink(
    caller: number,
    ticket: number,
    directory: Uint8Array,
    name: Uint8Array,
    target: Uint8Array,
    attributes: SetAttributesArgument,
  ): number
  mknod(
    caller: number,
    ticket: number,
    directory: Uint8Array,
    name: Uint8Array,
    type: number,
    major: number,
    minor: number,
    attributes: SetAttributesArgument,
  ): number
  remove(caller: number, ticket: number, directory: Uint8Array, name: Uint8Array): number
  rmdir(caller: number, ticket: number, directory: Uint8Array, name: Uint8Array): number
  rename(
    caller: number,
    ticket: number,
    fromDirectory: Uint8Array,
    fromName: Uint8Array,
    toDirectory: Uint8Array,
    toName: Uint8Array,
  ): number
  link(caller: number, ticket: number, object: Uint8Array, directory: Uint8Array, name: Uint8Array): number
  /** `room`, of inlineListingBytesMax at least: gets the bytes of an answer that is there at once. */
  readdir(
    caller: number,
    ticket: number,
    directory: Uint8Array,
    cookie: bigint,
    dircount: number,
    maxcount: number,
    plus: boolean,
    room: Uint8Array,
  ): number
  fsstat(caller: number, ticket: number, object: Uint8Array): number
  fsinfo(caller: number, ticket: number, object: Uint8Array): number
  pathconf(caller: number, ticket: number, object: Uint8Array): number
  commit(caller: number, ticket: number, file: Uint8Array): number
  resolve(caller: number, ticket: number, exportPath: string, path: Uint8Array): number
  getacl(caller: number, ticket: number, object: Uint8Array): number
  /** ACLs as in extended attributes; an empty one is removed, one that is undefined stays. */
  setacl(
    caller: number,
    ticket: number,
    object: Uint8Array,
    access: Uint8Array | undefined,
    byDefault: Uint8Array | undefined,
  ): number
  /** With `test` nothing is taken. A `length` of 0 is to the end of the file. */
  lock(
    caller: number,
    ticket: number,
    file: Uint8Array,
    owner: Uint8Array,
    offset: bigint,
    length: bigint,
    exclusive: boolean,
    test: boolean,
  ): number
  /** Whoever asks: the owner says it all. */
  unlock(ticket: number, file: Uint8Array, owner: Uint8Array, offset: bigint, length: bigint): number
}

/** Answered by NativeReplies.begin instead of a number. */
export const replyBegun = { ANSWERED: -1, RUNNING: -2, UNTRACKED: -3, STALE_CALLER: -4 } as const

/** What the process before left in the reply record. */
export interface ReplyFindings {
  /** Replies given. */
  readonly replies: number
  /** Calls begun and not answered, and how many of them turned out to have happened. */
  readonly doubts: number
  readonly happened: number
  /** For the log. */
  readonly warnings: string[]
}

/** Counted since the record was opened, but for the first two, which are what is in it now. */
export interface ReplyFigures {
  readonly held: number
  readonly heldBytes: number
  /** Repeated calls answered from the record, and those of them that a former process had answered. */
  readonly replayed: number
  readonly inherited: number
  /** Repeated calls that waited for the first to end. */
  readonly joined: number
  /** Repeated calls that a former process had done and not answered. */
  readonly resumed: number
  /** Replies that made room for newer ones. */
  readonly evicted: number
  /** Calls that found no room for an intent. */
  readonly unrecorded: number
}

/** The reply record (native/core/src/reply_record.rs) for one JavaScript thread. */
export interface NativeReplies {
  close(): void
  /**
   * The number of a call that is new and has to be ended, or one of replyBegun. `brief`: it is remembered only while
   * it runs, and known by the beginning of its arguments.
   */
  begin(
    caller: number,
    xid: number,
    program: number,
    version: number,
    procedure: number,
    args: Uint8Array,
    brief: boolean,
  ): number
  /** After ANSWERED: the reply. */
  take(): Buffer
  /** After RUNNING: the reply when there is one, null if the call ends without. */
  wait(
    caller: number,
    xid: number,
    program: number,
    version: number,
    procedure: number,
    args: Uint8Array,
    brief: boolean,
  ): Promise<Buffer | null>
  end(number: number, reply: Uint8Array | undefined): void
  figures(): ReplyFigures
}

export interface AcceptedConnection {
  /** Non-blocking; to be closed by whoever gets it. */
  readonly fd: number
  readonly address: string
  readonly port: number
}

export interface NativeAcceptor {
  readonly address: string
  readonly port: number
  close(): void
}

/** TCP connections by number. `read` and `write` answer a count of bytes, -1 for later, or -2 if it is broken. */
export interface NativeSockets {
  /** Takes over an accepted connection. Nothing is waited for until `waitFor`. */
  add(fd: number): number
  waitFor(socket: number, readable: boolean, writable: boolean): void
  /**
   * Entries are number * 16 + readable 1, writable 2, failed 4, sent later 8. Does not sleep for `spinMicroseconds` if there are none,
   * or, with `untilWanted`, until the event loop has something else to do.
   */
  look(found: Uint32Array, spinMicroseconds: number, untilWanted: boolean): number
  /** 0 after the peer's last byte. */
  read(socket: number, buffer: Uint8Array): number
  write(socket: number, bytes: Uint8Array): number
  writePieces(socket: number, pieces: readonly Uint8Array[]): number
  /**
   * Another thread writes the pieces, which stay as they are until `look` has reported it and `sentLater` was asked, or until
   * `remove`; nothing else may be written meanwhile. False if there can be no such thread.
   */
  sendLater(socket: number, pieces: readonly Uint8Array[]): boolean
  /** How many bytes the kernel took: fewer than there were if it takes no more for now; -1: not known yet, -2: the connection is broken. */
  sentLater(socket: number): number
  /** Nothing more will be written. */
  finish(socket: number): void
  /** Closes it. */
  remove(socket: number): void
  /** Closes all, and lets go of the event loop. */
  close(): void
  localAddress(socket: number): string
}

/** Lookups of users' groups. */
export interface NativeGroups {
  /** The groups of the user, its primary one included; null if there is no such user. Throws if too many wait. */
  lookup(uid: number): Promise<number[] | null>
}

/** A file that one process at a time may hold. */
export interface NativeFileLock {
  release(): void
}

interface Addon {
  readonly NativeCore: {
    open(stateDirectory: string): NativeCore
    /** Throws if the core that `share` gave this number is gone. */
    join(number: number): NativeCore
  }
  readonly NativeSession: new (core: NativeCore, answer: Uint8Array, wakeUp: () => void) => NativeSession
  readonly NativeGroups: new (lookupsMax: number) => NativeGroups
  readonly NativeReplies: new (core: NativeCore) => NativeReplies
  readonly NativeFileLock: {
    /** Null: another process holds it. Throws if the file cannot be used; its directory must exist. */
    take(path: string): NativeFileLock | null
  }
  readonly NativeSideChannel: new (
    core: NativeCore,
    notify: (event: SideChannelEvent) => void,
  ) => NativeSideChannel
  readonly NativeAcceptor: {
    /** Throws with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL or EIO. */
    listen(address: string, port: number, accepted: (batch: AcceptedConnection[]) => void): NativeAcceptor
  }
  /** `ready` is called when `take` has something. */
  readonly NativeAgent: NativeAgents
  readonly NativeAgentConnection: NativeAgentConnections
  /** `ready` is called when `look` has something to report. */
  readonly NativeSockets: new (ready: () => void) => NativeSockets
  answerLayout(): Record<string, number>
  /** The process ends next, with this code: what hangs in a worker's file system does not keep it from that. */
  processEnds(code: number): void
  /** Large buffers are mappings of their own from now on, in the whole process: what is given up is not resident. */
  mapLargeBuffers(): void
}

function load(): Addon {
  const file = fileURLToPath(new URL(`fsva-native.linux-${process.arch}-gnu.node`, import.meta.url))
  if (!existsSync(file)) {
    throw new Error(`the native addon is not built (${file} is missing): run "npm run build -w native"`)
  }
  const addon: Addon = createRequire(import.meta.url)(file)
  const difference = layoutDifference(addon.answerLayout())
  if (difference !== undefined) {
    throw new Error(`the native addon is of another version (${difference}): run "npm run build -w native"`)
  }
  return addon
}

export const addon: Addon = load()
