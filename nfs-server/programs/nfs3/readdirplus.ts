import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { DirectoryEntry, Vfs } from '../../vfs/vfs.ts'
import {
  type entryplus3,
  nfsstat3,
  type READDIRPLUS3args,
  type READDIRPLUS3res,
} from '../../xdr/generated/nfs3.ts'
import { toPostOpHandle } from './attributes.ts'
import { directoryBudget } from './directory-budget.ts'
import { type EncodedResult, encodedResult } from './encoded-listing.ts'
import type { Handler } from './handler.ts'
import { failureStatus } from './status.ts'

/** NFSPROC3_READDIRPLUS (RFC 1813, section 3.3.17). */
export function readdirplus(vfs: Vfs): Handler<READDIRPLUS3args, READDIRPLUS3res | EncodedResult> {
  return ({ dir, cookie, cookieverf, dircount, maxcount }, { caller }) => {
    const answer = vfs.readdirplus(caller, dir.data, cookie, cookieverf, directoryBudget(maxcount, dircount))
    return mapAnswer(answer, (result): READDIRPLUS3res | EncodedResult => {
      if ('encoded' in result) return encodedResult(result)
      const dir_attributes = result.directoryAttributes
      if (result.status !== errno.OK) {
        return { status: failureStatus(result.status), resfail: { dir_attributes } }
      }
      const reply = { entries: result.entries.map(toEntryPlus), eof: result.eof }
      return { status: nfsstat3.NFS3_OK, resok: { dir_attributes, cookieverf: result.cookieverf, reply } }
    })
  }
}

function toEntryPlus({ fileid, name, cookie, attributes, handle }: DirectoryEntry): entryplus3 {
  return { fileid, name, cookie, name_attributes: attributes, name_handle: toPostOpHandle(handle) }
}
