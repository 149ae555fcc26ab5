import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type READDIR3args, type READDIR3res } from '../../xdr/generated/nfs3.ts'
import { directoryBudget } from './directory-budget.ts'
import { type EncodedResult, encodedResult } from './encoded-listing.ts'
import type { Handler } from './handler.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_READDIR (RFC 1813, section 3.3.16). */
export function readdir(vfs: Vfs): Handler<READDIR3args, READDIR3res | EncodedResult> {
  return ({ dir, cookie, cookieverf, count }, { caller }) => {
    const budget = directoryBudget(count, count)
    return mapAnswer(
      vfs.readdir(caller, dir.data, cookie, cookieverf, budget),
      (result): READDIR3res | EncodedResult => {
        if ('encoded' in result) return encodedResult(result)
        const dir_attributes = result.directoryAttributes
        if (result.status !== errno.OK) {
          return { status: failureStatus(result.status), resfail: { dir_attributes } }
        }
        // A DirectoryEntry is an entry3 as it stands; the encoder looks at no more than fileid, name and cookie.
        const reply = { entries: result.entries, eof: result.eof }
        return { status: nfsstat3.NFS3_OK, resok: { dir_attributes, cookieverf: result.cookieverf, reply } }
      },
    )
  }
}
