/**
 * The file system of the operating system, through the native core: policy, handles, credentials and the call
 * itself in one crossing.
 */
import { answerLayout } from '../../native/answer-layout.ts'
import type { Caller } from '../caller.ts'
import { getaclResult, toAclBytes } from './native-acl.ts'
import type { Core } from './native-core.ts'
import { ListingRoom, type TakeMemory } from './native-listing-room.ts'
import {
  accessResult,
  attributesResult,
  commitResult,
  createResult,
  directoryWccResult,
  fsinfoResult,
  fsstatResult,
  linkResult,
  listingResult,
  lockResult,
  lookupResult,
  noAttributes,
  noVerifier,
  objectWccResult,
  pathconfResult,
  readlinkResult,
  readResult,
  renameResult,
  setAttributesArgument,
  timeArgument,
  writeResult,
} from './native-results.ts'
import { Session } from './native-session.ts'
import {
  type AccessResult,
  type Acl,
  type Answer,
  type AttributesResult,
  type ByteRange,
  type CommitResult,
  type CreateHow,
  type CreateResult,
  type DirectoryBudget,
  type FileHandle,
  FileType,
  type FsinfoResult,
  type FsstatResult,
  type GetaclResult,
  type Intent,
  type LinkResult,
  type Listing,
  type LockOwner,
  type LockResult,
  type LookupResult,
  type PathconfResult,
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

export class NativeVfs implements Vfs {
  readonly #session: Session
  readonly #listingRoom: ListingRoom
  /** Of a symbolic link that is read at once. */
  readonly #targetRoom = new Uint8Array(answerLayout.targetBytesMax)

  /** `takeListingMemory`: where listings that are answered at once are written. */
  constructor(core: Core, takeListingMemory: TakeMemory = (length) => Buffer.allocUnsafeSlow(length)) {
    this.#session = new Session(core)
    this.#listingRoom = new ListingRoom(takeListingMemory)
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
    intent?: Intent,
  ): Answer<WccResult> {
    const change = setAttributesArgument(changes)
    const expected = guard === undefined ? undefined : timeArgument(guard)
    return this.#session.start(
      caller,
      (native, id, ticket) => native.setattr(id, ticket, object, change, expected),
      objectWccResult,
      undefined,
      intent,
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
      (native, id, ticket) => native.readlink(id, ticket, symlink, this.#targetRoom),
      (answer) => readlinkResult(answer, this.#targetRoom),
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

  create(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    how: CreateHow,
    intent?: Intent,
  ): Answer<CreateResult> {
    const exclusive = how.mode === 'exclusive'
    const attributes = exclusive ? noAttributes : setAttributesArgument(how.attributes)
    const verifier = exclusive ? how.verifier : noVerifier
    const guarded = how.mode === 'guarded'
    return this.#session.start(
      caller,
      (native, id, ticket) => native.create(id, ticket, directory, name, guarded, attributes, verifier),
      createResult,
      undefined,
      intent,
    )
  }

  mkdir(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    attributes: SetAttributes,
    intent?: Intent,
  ): Answer<CreateResult> {
    const initial = setAttributesArgument(attributes)
    return this.#session.start(
      caller,
      (native, id, ticket) => native.mkdir(id, ticket, directory, name, initial),
      createResult,
      undefined,
      intent,
    )
  }

  symlink(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    target: Uint8Array,
    attributes: SetAttributes,
    intent?: Intent,
  ): Answer<CreateResult> {
    const initial = setAttributesArgument(attributes)
    return this.#session.start(
      caller,
      (native, id, ticket) => native.symlink(id, ticket, directory, name, target, initial),
      createResult,
      undefined,
      intent,
    )
  }

  mknod(
    caller: Caller,
    directory: FileHandle,
    name: Uint8Array,
    what: SpecialFile,
    attributes: SetAttributes,
    intent?: Intent,
  ): Answer<CreateResult> {
    const initial = setAttributesArgument(attributes)
    const device = what.type === FileType.BLK || what.type === FileType.CHR
    const [major, minor] = device ? [what.major, what.minor] : [0, 0]
    return this.#session.start(
      caller,
      (native, id, ticket) => native.mknod(id, ticket, directory, name, what.type, major, minor, initial),
      createResult,
      undefined,
      intent,
    )
  }

  remove(caller: Caller, directory: FileHandle, name: Uint8Array, intent?: Intent): Answer<WccResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.remove(id, ticket, directory, name),
      directoryWccResult,
      undefined,
      intent,
    )
  }

  rmdir(caller: Caller, directory: FileHandle, name: Uint8Array, intent?: Intent): Answer<WccResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.rmdir(id, ticket, directory, name),
      directoryWccResult,
      undefined,
      intent,
    )
  }

  rename(
    caller: Caller,
    fromDirectory: FileHandle,
    fromName: Uint8Array,
    toDirectory: FileHandle,
    toName: Uint8Array,
    intent?: Intent,
  ): Answer<RenameResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.rename(id, ticket, fromDirectory, fromName, toDirectory, toName),
      renameResult,
      undefined,
      intent,
    )
  }

  link(
    caller: Caller,
    object: FileHandle,
    directory: FileHandle,
    name: Uint8Array,
    intent?: Intent,
  ): Answer<LinkResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.link(id, ticket, object, directory, name),
      linkResult,
      undefined,
      intent,
    )
  }

  readdir(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    _cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): Answer<Listing> {
    return this.#list(caller, directory, cookie, budget, false)
  }

  readdirplus(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    _cookieverf: Uint8Array,
    budget: DirectoryBudget,
  ): Answer<Listing> {
    return this.#list(caller, directory, cookie, budget, true)
  }

  #list(
    caller: Caller,
    directory: FileHandle,
    cookie: bigint,
    { dircount, maxcount }: DirectoryBudget,
    plus: boolean,
  ): Answer<Listing> {
    const room = this.#listingRoom
    return this.#session.start(
      caller,
      (native, id, ticket) =>
        native.readdir(id, ticket, directory, cookie, dircount, maxcount, plus, room.offer()),
      (answer) => listingResult(answer, room),
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

  getacl(caller: Caller, object: FileHandle): Answer<GetaclResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.getacl(id, ticket, object),
      getaclResult,
    )
  }

  setacl(
    caller: Caller,
    object: FileHandle,
    access: Acl | undefined,
    byDefault: Acl | undefined,
  ): Answer<AttributesResult> {
    const accessBytes = access === undefined ? undefined : toAclBytes(access)
    const defaultBytes = byDefault === undefined ? undefined : toAclBytes(byDefault)
    return this.#session.start(
      caller,
      (native, id, ticket) => native.setacl(id, ticket, object, accessBytes, defaultBytes),
      attributesResult,
    )
  }

  lock(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    { offset, length }: ByteRange,
    exclusive: boolean,
  ): Answer<LockResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.lock(id, ticket, file, owner, offset, length, exclusive, false),
      lockResult,
    )
  }

  testLock(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    { offset, length }: ByteRange,
    exclusive: boolean,
  ): Answer<LockResult> {
    return this.#session.start(
      caller,
      (native, id, ticket) => native.lock(id, ticket, file, owner, offset, length, exclusive, true),
      lockResult,
    )
  }

  unlock(
    caller: Caller,
    file: FileHandle,
    owner: LockOwner,
    { offset, length }: ByteRange,
  ): Answer<LockResult> {
    return this.#session.start(
      caller,
      (native, _id, ticket) => native.unlock(ticket, file, owner, offset, length),
      lockResult,
    )
  }
}
