/**
 * The file system of the operating system, through the native core: policy, handles, credentials and the call
 * itself in one crossing.
 */
import type { SetAttributesArgument, TimeArgument } from '../../native/binding.ts'
import type { Caller } from '../caller.ts'
import {
  countOf,
  directoryOf,
  directoryWccOf,
  entriesOf,
  flagsOf,
  handleOf,
  type NativeAnswer,
  numberOf,
  objectOf,
  objectWccOf,
  statusOf,
  toDirectoryWccOf,
  verifierOf,
} from './native-answer.ts'
import type { Core } from './native-core.ts'
import { Session } from './native-session.ts'
import {
  type AccessResult,
  type Answer,
  type AttributesResult,
  type CommitResult,
  type CreateHow,
  type CreateResult,
  type DirectoryBudget,
  type FileHandle,
  FileType,
  type FsinfoResult,
  type FsstatResult,
  type LinkResult,
  type LookupResult,
  type PathconfResult,
  type ReaddirResult,
  type ReadlinkResult,
  type ReadResult,
  type RenameResult,
  type SetAttributes,
  type SpecialFile,
  type Stable,
  type Time,
  type Vfs,
  type WccResult,
  type WriteResult,
} from './vfs.ts'

/** Cookies say all there is to say about a position: nothing to verify. */
const cookieverf = new Uint8Array(8)
const noVerifier = new Uint8Array(0)
const noAttributes: SetAttributesArgument = {
  mode: undefined,
  uid: undefined,
  gid: undefined,
  size: undefined,
  atime: undefined,
  mtime: undefined,
}

function timeArgument(time: Time | 'now'): TimeArgument {
  return time === 'now' ? { seconds: 0, nseconds: 0, now: true } : { ...time, now: false }
}

function setAttributesArgument(attributes: SetAttributes): SetAttributesArgument {
  const { atime, mtime } = attributes
  return {
    ...attributes,
    atime: atime === undefined ? undefined : timeArgument(atime),
    mtime: mtime === undefined ? undefined : timeArgument(mtime),
  }
}

function attributesResult(answer: NativeAnswer): AttributesResult {
  return { status: statusOf(answer), attributes: objectOf(answer) }
}

function lookupResult(answer: NativeAnswer): LookupResult {
  return {
    status: statusOf(answer),
    handle: handleOf(answer),
    attributes: objectOf(answer),
    directoryAttributes: directoryOf(answer),
  }
}

function accessResult(answer: NativeAnswer): AccessResult {
  return { status: statusOf(answer), attributes: objectOf(answer), access: countOf(answer) }
}

function readlinkResult(answer: NativeAnswer): ReadlinkResult {
  const status = statusOf(answer)
  return { status, attributes: objectOf(answer), target: status === 0 ? answer.extra : undefined }
}

function readResult(answer: NativeAnswer): ReadResult {
  return {
    status: statusOf(answer),
    attributes: objectOf(answer),
    count: countOf(answer),
    eof: flagsOf(answer) !== 0,
  }
}

function writeResult(answer: NativeAnswer): WriteResult {
  return {
    status: statusOf(answer),
    wcc: objectWccOf(answer),
    count: countOf(answer),
    committed: flagsOf(answer) as Stable,
    verifier: verifierOf(answer),
  }
}

function objectWccResult(answer: NativeAnswer): WccResult {
  return { status: statusOf(answer), wcc: objectWccOf(answer) }
}

function directoryWccResult(answer: NativeAnswer): WccResult {
  return { status: statusOf(answer), wcc: directoryWccOf(answer) }
}

function createResult(answer: NativeAnswer): CreateResult {
  return {
    status: statusOf(answer),
    handle: handleOf(answer),
    attributes: objectOf(answer),
    wcc: directoryWccOf(answer),
  }
}

function renameResult(answer: NativeAnswer): RenameResult {
  return { status: statusOf(answer), fromWcc: directoryWccOf(answer), toWcc: toDirectoryWccOf(answer) }
}

function linkResult(answer: NativeAnswer): LinkResult {
  return { status: statusOf(answer), attributes: objectOf(answer), wcc: directoryWccOf(answer) }
}

function readdirResult(answer: NativeAnswer): ReaddirResult {
  return {
    status: statusOf(answer),
    directoryAttributes: directoryOf(answer),
    cookieverf,
    entries: entriesOf(answer),
    eof: flagsOf(answer) !== 0,
  }
}

function fsstatResult(answer: NativeAnswer): FsstatResult {
  return {
    status: statusOf(answer),
    attributes: objectOf(answer),
    tbytes: numberOf(answer, 0),
    fbytes: numberOf(answer, 1),
    abytes: numberOf(answer, 2),
    tfiles: numberOf(answer, 3),
    ffiles: numberOf(answer, 4),
    afiles: numberOf(answer, 5),
    invarsec: 0,
  }
}

function fsinfoResult(answer: NativeAnswer): FsinfoResult {
  return {
    status: statusOf(answer),
    attributes: objectOf(answer),
    maxfilesize: numberOf(answer, 0),
    time_delta: { seconds: Number(numberOf(answer, 1)), nseconds: Number(numberOf(answer, 2)) },
    link: true,
    symlink: true,
    homogeneous: true,
    cansettime: true,
  }
}

function pathconfResult(answer: NativeAnswer): PathconfResult {
  return {
    status: statusOf(answer),
    attributes: objectOf(answer),
    linkmax: Number(numberOf(answer, 0)),
    name_max: Number(numberOf(answer, 1)),
    no_trunc: true,
    chown_restricted: true,
    case_insensitive: numberOf(answer, 2) !== 0n,
    case_preserving: true,
  }
}

function commitResult(answer: NativeAnswer): CommitResult {
  return { status: statusOf(answer), wcc: objectWccOf(answer), verifier: verifierOf(answer) }
}

export class NativeVfs implements Vfs {
  readonly #session: Session

  constructor(core: Core) {
    this.#session = new Session(core)
  }

  /** Calls that are not answered yet. */
  get running(): number {
    return this.#session.running
  }

  /** Lets go of the core; to be called when nothing is running any more. */
  close(): void {
    this.#session.close()
  }

  getattr(caller: Caller, object: FileHandle): Answer<AttributesResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.getattr(id, ticket, object),
      attributesResult,
    )
  }

  setattr(
    caller: Caller,
    object: FileHandle,
    changes: SetAttributes,
    guard: Time | undefined,
  ): Answer<WccResult> {
    const change = setAttributesArgument(changes)
    const expected = guard === undefined ? undefined : timeArgument(guard)
    return this.#session.start(
      caller,
      (native, id, ticket) => native.setattr(id, ticket, object, change, expected),
      objectWccResult,
    )
  }

  lookup(caller: Caller, directory: FileHandle, name: Uint8Array): Answer<LookupResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.lookup(id, ticket, directory, name),
      lookupResult,
    )
  }

  access(caller: Caller, object: FileHandle, wanted: number): Answer<AccessResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.access(id, ticket, object, wanted),
      accessResult,
    )
  }

  readlink(caller: Caller, symlink: FileHandle): Answer<ReadlinkResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.readlink(id, ticket, symlink),
      readlinkResult,
    )
  }

  read(caller: Caller, file: FileHandle, offset: bigint, buffer: Uint8Array): Answer<ReadResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.read(id, ticket, file, offset, buffer),
      readResult,
      buffer,
    )
  }

  write(
    caller: Caller,
    file: FileHandle,
    offset: bigint,
    data: Uint8Array,
    stable: Stable,
  ): Answer<WriteResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.write(id, ticket, file, offset, data, stable),
      writeResult,
      data,
    )
  }

  create(caller: Caller, directory: FileHandle, name: Uint8Array, how: CreateHow): Answer<CreateResult> {
    const exclusive = how.mode === 'exclusive'
    const attributes = exclusive ? noAttributes : setAttributesArgument(how.attributes)
    const verifier = exclusive ? how.verifier : noVerifier
    const guarded = how.mode === 'guarded'
    return this.#session.start(
      caller,
      (native, id, ticket) => native.create(id, ticket, directory, name, guarded, attributes, verifier),
      createResult,
    )
  }

  mkdir(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    attributes: SetAttributes,
  ): Answer<CreateResult> {
    const initial = setAttributesArgument(attributes)
    return this.#session.start(
      caller,
      (native, id, ticket) => native.mkdir(id, ticket, directory, name, initial),
      createResult,
    )
  }

  symlink(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    target: Uint8Array,
    attributes: SetAttributes,
  ): Answer<CreateResult> {
    const initial = setAttributesArgument(attributes)
    return this.#session.start(
      caller,
      (native, id, ticket) => native.symlink(id, ticket, directory, name, target, initial),
      createResult,
    )
  }

  mknod(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    what: SpecialFile,
    attributes: SetAttributes,
  ): Answer<CreateResult> {
    const initial = setAttributesArgument(attributes)
    const device = what.type === FileType.BLK || what.type === FileType.CHR
    const [major, minor] = device ? [what.major, what.minor] : [0, 0]
    return this.#session.start(
      caller,
      (native, id, ticket) => native.mknod(id, ticket, directory, name, what.type, major, minor, initial),
      createResult,
    )
  }

  remove(caller: Caller, directory: FileHandle, name: Uint8Array): Answer<WccResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.remove(id, ticket, directory, name),
      directoryWccResult,
    )
  }

  rmdir(caller: Caller, directory: FileHandle, name: Uint8Array): Answer<WccResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.rmdir(id, ticket, directory, name),
      directoryWccResult,
    )
  }

  rename(
    caller: Caller,
    fromDirectory: FileHandle,
    fromName: Uint8Array,
    toDirectory: FileHandle,
    toName: Uint8Array,
  ): Answer<RenameResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.rename(id, ticket, fromDirectory, fromName, toDirectory, toName),
      renameResult,
    )
  }

  link(caller: Caller, object: FileHandle, directory: FileHandle, name: Uint8Array): Answer<LinkResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.link(id, ticket, object, directory, name),
      linkResult,
    )
  }

  readdir(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    _cookieverf: Uint8Array,
    { dircount, maxcount }: DirectoryBudget,
  ): Answer<ReaddirResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.readdir(id, ticket, directory, cookie, dircount, maxcount, false),
      readdirResult,
    )
  }

  readdirplus(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    _cookieverf: Uint8Array,
    { dircount, maxcount }: DirectoryBudget,
  ): Answer<ReaddirResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.readdir(id, ticket, directory, cookie, dircount, maxcount, true),
      readdirResult,
    )
  }

  fsstat(caller: Caller, object: FileHandle): Answer<FsstatResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.fsstat(id, ticket, object),
      fsstatResult,
    )
  }

  fsinfo(caller: Caller, object: FileHandle): Answer<FsinfoResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.fsinfo(id, ticket, object),
      fsinfoResult,
    )
  }

  pathconf(caller: Caller, object: FileHandle): Answer<PathconfResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.pathconf(id, ticket, object),
      pathconfResult,
    )
  }

  commit(caller: Caller, file: FileHandle, _offset: bigint, _count: number): Answer<CommitResult> {
    return this.#session.start(caller, (native, id, ticket) => native.commit(id, ticket, file), commitResult)
  }

  resolve(caller: Caller, exportPath: string, path: Uint8Array): Answer<LookupResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.resolve(id, ticket, exportPath, path),
      lookupResult,
    )
  }
}
