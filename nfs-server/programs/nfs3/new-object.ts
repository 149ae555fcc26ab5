/** What CREATE, MKDIR, SYMLINK and MKNOD share: the same result and the same rules for the new name. */
import type { Caller } from '../../caller.ts'
import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Answer, CreateResult, Vfs, Wcc } from '../../vfs/vfs.ts'
import { type diropargs3, type fattr3, type nfs_fh3, nfsstat3 } from '../../xdr/generated/nfs3.ts'
import { toPostOpHandle } from './attributes.ts'
import { refusedName } from './names.ts'
import { refuseChange } from './refuse.ts'
import { type Failure, failureStatus } from './status.ts'

/** CREATE3res, MKDIR3res, SYMLINK3res and MKNOD3res, which differ in name only. */
export type NewObjectResult =
  | {
      status: typeof nfsstat3.NFS3_OK
      resok: { obj: nfs_fh3 | undefined; obj_attributes: fattr3 | undefined; dir_wcc: Wcc }
    }
  | { status: Failure; resfail: { dir_wcc: Wcc } }

/** Makes the object that `wanted` describes, unless that is a refusal or the name cannot be created. */
export function makeObject<Wanted extends object>(
  vfs: Vfs,
  caller: Caller,
  where: diropargs3,
  wanted: Wanted | Failure,
  make: (wanted: Wanted) => Answer<CreateResult>,
): Answer<NewObjectResult> {
  const refused = refusedName(where.name, 'create')
  if (refused !== undefined) return refuseChange(vfs, caller, where.dir.data, refused)
  if (typeof wanted === 'number') return refuseChange(vfs, caller, where.dir.data, wanted)
  return mapAnswer(make(wanted), (result): NewObjectResult => {
    const dir_wcc = result.wcc
    if (result.status !== errno.OK) return { status: failureStatus(result.status), resfail: { dir_wcc } }
    const obj = toPostOpHandle(result.handle)
    return { status: nfsstat3.NFS3_OK, resok: { obj, obj_attributes: result.attributes, dir_wcc } }
  })
}
