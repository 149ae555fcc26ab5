/** The duplicate request cache (docs/reply-cache.md): the native reply record as what the dispatcher asks. */
import type { Logger } from '../log.ts'
import type { ReplyCache } from '../rpc/program.ts'
import type { Core } from '../vfs/native-core.ts'
import { Replies } from '../vfs/native-replies.ts'

export interface ReplyCacheOptions {
  readonly core: Core
  /** The file system's changes outlive this process, so its replies have to as well. */
  readonly isLasting: boolean
  /** Of the record, see limits.ts. */
  readonly bytesMax: number
  readonly log: Logger
}

export type OpenReplyCache = Replies & ReplyCache

/** To be called once, when the exports are loaded and before the first call. */
export function openReplyCache({ core, isLasting, bytesMax, log }: ReplyCacheOptions): OpenReplyCache {
  const { replies, doubts, happened, warnings } = core.native.openReplies(isLasting, bytesMax)
  for (const warning of warnings) log.warn(warning)
  if (replies > 0 || doubts > 0) {
    log.info(
      { replies, doubts, happened },
      `reply record: ${replies} replies taken over; of ${doubts} calls that were not answered, ${happened} had happened`,
    )
  }
  return new Replies(core)
}
