/** Answers of the native core as the results of the Vfs interface, and arguments the other way. */
import type { SetAttributesArgument, TimeArgument } from '../../native/binding.ts'
import { errno } from './errno.ts'
import {
  countOf,
  directoryOf,
  directoryWccOf,
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
import type { ListingRoom } from './native-listing-room.ts'
import type {
  AccessResult,
  AttributesResult,
  CommitResult,
  CreateResult,
  FsinfoResult,
  FsstatResult,
  LinkResult,
  Listing,
  LockResult,
  LookupResult,
  PathconfResult,
  ReadlinkResult,
  ReadResult,
  RenameResult,
  SetAttributes,
  Stable,
  Time,
  WccResult,
  WriteResult,
} from './vfs.ts'

export const noVerifier = new Uint8Array(0)
export const noAttributes: SetAttributesArgument = {
  mode: undefined,
  uid: undefined,
  gid: undefined,
  size: undefined,
  atime: undefined,
  mtime: undefined,
}

export function timeArgument(time: Time | 'now'): TimeArgument {
  return time === 'now' ? { seconds: 0, nseconds: 0, now: true } : { ...time, now: false }
}

export function setAttributesArgument(attributes: SetAttributes): SetAttributesArgument {
  const { atime, mtime } = attributes
  return {
    ...attributes,
    atime: atime === undefined ? undefined : timeArgument(atime),
    mtime: mtime === undefined ? undefined : timeArgument(mtime),
  }
}

export function attributesResult(answer: NativeAnswer): AttributesResult {
  return { status: statusOf(answer), attributes: objectOf(answer) }
}

export function lookupResult(answer: NativeAnswer): LookupResult {
  return {
    status: statusOf(answer),
    handle: handleOf(answer),
    attributes: objectOf(answer),
    directoryAttributes: directoryOf(answer),
  }
}

export function accessResult(answer: NativeAnswer): AccessResult {
  return { status: statusOf(answer), attributes: objectOf(answer), access: countOf(answer) }
}

/** An answer that was there at once has its bytes in `room`, for now. */
export function readlinkResult(answer: NativeAnswer, room: Uint8Array): ReadlinkResult {
  const status = statusOf(answer)
  if (status !== errno.OK) return { status, attributes: objectOf(answer), target: undefined }
  const target = answer.extra.length > 0 ? answer.extra : room.slice(0, countOf(answer))
  return { status, attributes: objectOf(answer), target }
}

export function readResult(answer: NativeAnswer): ReadResult {
  return {
    status: statusOf(answer),
    attributes: objectOf(answer),
    count: countOf(answer),
    eof: flagsOf(answer) !== 0,
  }
}

export function writeResult(answer: NativeAnswer): WriteResult {
  return {
    status: statusOf(answer),
    wcc: objectWccOf(answer),
    count: countOf(answer),
    committed: flagsOf(answer) as Stable,
    verifier: verifierOf(answer),
  }
}

export function objectWccResult(answer: NativeAnswer): WccResult {
  return { status: statusOf(answer), wcc: objectWccOf(answer) }
}

export function directoryWccResult(answer: NativeAnswer): WccResult {
  return { status: statusOf(answer), wcc: directoryWccOf(answer) }
}

export function createResult(answer: NativeAnswer): CreateResult {
  return {
    status: statusOf(answer),
    handle: handleOf(answer),
    attributes: objectOf(answer),
    wcc: directoryWccOf(answer),
  }
}

export function renameResult(answer: NativeAnswer): RenameResult {
  return { status: statusOf(answer), fromWcc: directoryWccOf(answer), toWcc: toDirectoryWccOf(answer) }
}

export function linkResult(answer: NativeAnswer): LinkResult {
  return { status: statusOf(answer), attributes: objectOf(answer), wcc: directoryWccOf(answer) }
}

const noCookieverf = new Uint8Array(8)

/** An answer that was there at once has its bytes in `room`. */
export function listingResult(answer: NativeAnswer, room: ListingRoom): Listing {
  const status = statusOf(answer)
  if (status === errno.OK) {
    return { status, encoded: answer.extra.length > 0 ? answer.extra : room.take(countOf(answer)) }
  }
  return {
    status,
    directoryAttributes: directoryOf(answer),
    cookieverf: noCookieverf,
    entries: [],
    eof: false,
  }
}

export function fsstatResult(answer: NativeAnswer): FsstatResult {
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

export function fsinfoResult(answer: NativeAnswer): FsinfoResult {
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

export function pathconfResult(answer: NativeAnswer): PathconfResult {
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

export function commitResult(answer: NativeAnswer): CommitResult {
  return { status: statusOf(answer), wcc: objectWccOf(answer), verifier: verifierOf(answer) }
}

export function lockResult(answer: NativeAnswer): LockResult {
  const status = statusOf(answer)
  if (status !== errno.EAGAIN) return { status, held: countOf(answer), holder: undefined }
  const holder = {
    offset: numberOf(answer, 0),
    length: numberOf(answer, 1),
    exclusive: flagsOf(answer) !== 0,
    owner: answer.extra.length === 0 ? undefined : answer.extra,
    pid: Number(numberOf(answer, 2)),
  }
  return { status, held: 0, holder }
}
