/**
 * ACLs as Linux keeps them in extended attributes (linux/posix_acl_xattr.h): a version, then tag, permissions and id of
 * each entry, little-endian.
 */
import { errno } from './errno.ts'
import { countOf, flagsOf, type NativeAnswer, objectOf, statusOf } from './native-answer.ts'
import { type Acl, type AclEntry, AclTag, type GetaclResult } from './vfs.ts'

const version = 2
const headBytes = 4
const entryBytes = 8
/** The id of entries that have none. */
const undefinedId = 0xffffffff

const tags: ReadonlySet<number> = new Set(Object.values(AclTag))

/** An empty ACL has no bytes. */
export function toAclBytes(acl: Acl): Uint8Array {
  if (acl.length === 0) return new Uint8Array(0)
  const bytes = new Uint8Array(headBytes + acl.length * entryBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, version, true)
  for (const [index, { tag, perm, id }] of acl.entries()) {
    const at = headBytes + index * entryBytes
    view.setUint16(at, tag, true)
    view.setUint16(at + 2, perm, true)
    view.setUint32(at + 4, id ?? undefinedId, true)
  }
  return bytes
}

/** Undefined if it is no ACL: some file systems hand on whatever somebody has stored. */
export function fromAclBytes(bytes: Uint8Array): Acl | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < headBytes || (bytes.length - headBytes) % entryBytes !== 0) return undefined
  if (view.getUint32(0, true) !== version) return undefined
  const acl: AclEntry[] = []
  for (let at = headBytes; at < bytes.length; at += entryBytes) {
    const tag = view.getUint16(at, true)
    const perm = view.getUint16(at + 2, true)
    const id = view.getUint32(at + 4, true)
    if (!tags.has(tag) || perm > 0o7) return undefined
    acl.push({ tag: tag as AclTag, perm, id: tag === AclTag.USER || tag === AclTag.GROUP ? id : undefined })
  }
  return acl
}

export function getaclResult(answer: NativeAnswer): GetaclResult {
  const attributes = objectOf(answer)
  const failure = { attributes, access: undefined, default: undefined }
  const status = statusOf(answer)
  if (status !== errno.OK) return { status, ...failure }
  const lengths = [countOf(answer), flagsOf(answer)] as const
  const access = lengths[0] === 0 ? undefined : fromAclBytes(answer.extra.subarray(0, lengths[0]))
  const byDefault = lengths[1] === 0 ? undefined : fromAclBytes(answer.extra.subarray(lengths[0]))
  const isGarbled = (lengths[0] > 0 && !access) || (lengths[1] > 0 && !byDefault)
  if (isGarbled) return { status: errno.EIO, ...failure }
  return { status, attributes, access, default: byDefault }
}
