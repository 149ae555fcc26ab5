/**
 * Which names a procedure takes (RFC 1813, section 4.6): the answers "are not necessarily obvious, nor are they
 * consistent from one procedure to the next". They are given here, so that a Vfs never sees an empty name, one
 * with a slash or a NUL in it, or "." and ".." other than in LOOKUP.
 *
 * Empty and unspeakable names are ACCES, the one such status that every procedure's list has. For "." and "..":
 * creating them finds that they exist (section 3.3.9); RMDIR has INVAL and EXIST (3.3.13); RENAME has INVAL
 * (3.3.14); REMOVE, whose list has neither, has ACCES. How long a name may be is the file system's to say.
 */
import { nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Failure } from './status.ts'

const slash = 0x2f
const dot = 0x2e

type DotAnswers = readonly [dot: Failure, dotDot: Failure] | undefined

const dotAnswers = {
  lookup: undefined,
  create: [nfsstat3.NFS3ERR_EXIST, nfsstat3.NFS3ERR_EXIST],
  remove: [nfsstat3.NFS3ERR_ACCES, nfsstat3.NFS3ERR_ACCES],
  rmdir: [nfsstat3.NFS3ERR_INVAL, nfsstat3.NFS3ERR_EXIST],
  rename: [nfsstat3.NFS3ERR_INVAL, nfsstat3.NFS3ERR_INVAL],
} as const satisfies Record<string, DotAnswers>

/** What a procedure wants to do with a name. */
export type NameUse = keyof typeof dotAnswers

/** The status that a name earns whatever the directory holds; undefined if it may be used. */
export function refusedName(name: Uint8Array, use: NameUse): Failure | undefined {
  if (name.length === 0 || !isSpeakable(name)) return nfsstat3.NFS3ERR_ACCES
  if (name[0] !== dot || name.length > 2) return undefined
  if (name.length === 1) return dotAnswers[use]?.[0]
  return name[1] === dot ? dotAnswers[use]?.[1] : undefined
}

/** Not by `includes`, which takes longer than most names. */
function isSpeakable(name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    const byte = name[index]
    if (byte === slash || byte === 0) return false
  }
  return true
}
