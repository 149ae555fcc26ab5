/**
 * Calls that the procedure refuses by itself, without asking the Vfs to do them. The reply still carries
 * attributes, and what is wrong with the handle takes precedence over what is wrong with the other arguments.
 */
import type { Caller } from '../../caller.ts'
import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import { type Answer, type Attributes, type FileHandle, FileType, type Vfs, type Wcc } from '../../vfs/vfs.ts'
import { nfsstat3 } from '../../xdr/generated/nfs3.ts'
import { afterOnly } from './attributes.ts'
import { type Failure, failureStatus } from './status.ts'

export interface Refusal {
  readonly status: Failure
  readonly attributes: Attributes | undefined
}

function refuse(
  vfs: Vfs,
  caller: Caller,
  object: FileHandle,
  status: (attributes: Attributes | undefined) => Failure,
): Answer<Refusal> {
  return mapAnswer(vfs.getattr(caller, object), ({ status: error, attributes }) => ({
    status: error === errno.OK ? status(attributes) : failureStatus(error),
    attributes,
  }))
}

/** For a bad name: NOTDIR if `directory` is none. */
export function refuseIn(vfs: Vfs, caller: Caller, directory: FileHandle, status: Failure): Answer<Refusal> {
  return refuse(vfs, caller, directory, (attributes) =>
    attributes?.type === FileType.DIR ? status : nfsstat3.NFS3ERR_NOTDIR,
  )
}

/** The whole failing result of a procedure on a directory (CREATE, MKDIR, SYMLINK, MKNOD, REMOVE, RMDIR). */
export function refuseChange(
  vfs: Vfs,
  caller: Caller,
  directory: FileHandle,
  refused: Failure,
): Answer<{ status: Failure; resfail: { dir_wcc: Wcc } }> {
  return mapAnswer(refuseIn(vfs, caller, directory, refused), ({ status, attributes }) => ({
    status,
    resfail: { dir_wcc: afterOnly(attributes) },
  }))
}

/** The whole failing result of GETACL and SETACL. */
export function refuseAttributes(
  vfs: Vfs,
  caller: Caller,
  object: FileHandle,
  refused: Failure,
): Answer<{ status: Failure; resfail: { attr: Attributes | undefined } }> {
  return mapAnswer(
    refuse(vfs, caller, object, () => refused),
    ({ status, attributes }) => ({ status, resfail: { attr: attributes } }),
  )
}

/** The whole failing result of SETATTR. */
export function refuseObject(
  vfs: Vfs,
  caller: Caller,
  object: FileHandle,
  refused: Failure,
): Answer<{ status: Failure; resfail: { obj_wcc: Wcc } }> {
  return mapAnswer(
    refuse(vfs, caller, object, () => refused),
    ({ status, attributes }) => ({ status, resfail: { obj_wcc: afterOnly(attributes) } }),
  )
}

/** The whole failing result of WRITE. */
export function refuseFile(
  vfs: Vfs,
  caller: Caller,
  file: FileHandle,
  refused: Failure,
): Answer<{ status: Failure; resfail: { file_wcc: Wcc } }> {
  return mapAnswer(
    refuse(vfs, caller, file, () => refused),
    ({ status, attributes }) => ({ status, resfail: { file_wcc: afterOnly(attributes) } }),
  )
}
