/** How much room a READDIR or READDIRPLUS reply has for entries (RFC 1813, sections 3.3.16 and 3.3.17). */
import type { DirectoryBudget } from '../../vfs/vfs.ts'
import { directoryReplyBytesMax } from './limits.ts'

/**
 * READDIR3resok and READDIRPLUS3resok without entries: dir_attributes as present (4 + 84), cookieverf (8), the
 * FALSE that ends the list (4), eof (4). `count` and `maxcount` limit exactly these structures, XDR and all;
 * the status before them is not part of them.
 */
const fixedBytes = 4 + 84 + 8 + 4 + 4

/** `replyBytes` is what the client allows the resok structure, `directoryBytes` its dircount. */
export function directoryBudget(replyBytes: number, directoryBytes: number): DirectoryBudget {
  const allowed = Math.min(replyBytes, directoryReplyBytesMax)
  return { dircount: directoryBytes, maxcount: Math.max(0, allowed - fixedBytes) }
}
