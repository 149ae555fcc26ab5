import { chainAnswer, mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type RENAME3args, type RENAME3res } from '../../xdr/generated/nfs3.ts'
import { afterOnly } from './attributes.ts'
import type { Handler } from './handler.ts'
import { refusedName } from './names.ts'
import { refuseIn } from './refuse.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_RENAME (RFC 1813, section 3.3.14). */
export function rename(vfs: Vfs): Handler<RENAME3args, RENAME3res> {
  return ({ from, to }, { caller, intent }) => {
    const refused = refusedName(from.name, 'rename') ?? refusedName(to.name, 'rename')
    if (refused !== undefined) {
      return chainAnswer(refuseIn(vfs, caller, from.dir.data, refused), (source) =>
        mapAnswer(refuseIn(vfs, caller, to.dir.data, refused), (target): RENAME3res => {
          const status = source.status === refused ? target.status : source.status
          const resfail = {
            fromdir_wcc: afterOnly(source.attributes),
            todir_wcc: afterOnly(target.attributes),
          }
          return { status, resfail }
        }),
      )
    }
    const answer = vfs.rename(caller, from.dir.data, from.name, to.dir.data, to.name, intent)
    return mapAnswer(answer, ({ status, fromWcc, toWcc }): RENAME3res => {
      const result = { fromdir_wcc: fromWcc, todir_wcc: toWcc }
      if (status !== errno.OK) return { status: failureStatus(status), resfail: result }
      return { status: nfsstat3.NFS3_OK, resok: result }
    })
  }
}
