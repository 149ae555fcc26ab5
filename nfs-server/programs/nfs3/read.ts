import assert from 'node:assert/strict'
import { discard } from '../../rpc/buffer-pool.ts'
import { mapAnswer } from '../../vfs/answer.ts'
import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { nfsstat3, type READ3args, type READ3res } from '../../xdr/generated/nfs3.ts'
import type { Handler } from './handler.ts'
import { clippedOffset, fileOffsetMax, reachesPastEnd, rtmaxBytes } from './limits.ts'
import { takeReadBuffer } from './read-buffer.ts'
import { failureStatus } from './status.ts'

/**
 * NFSPROC3_READ (RFC 1813, section 3.3.6). The Vfs reads straight into the buffer that the reply is sent from.
 * A range that reaches past the last possible byte is clipped: there is nothing there to read.
 */
export function read(vfs: Vfs): Handler<READ3args, READ3res> {
  return ({ file, offset, count }, { caller }) => {
    const start = clippedOffset(offset)
    const wanted = Math.min(count, rtmaxBytes)
    const length = reachesPastEnd(start, wanted) ? Number(fileOffsetMax - start) : wanted
    const buffer = takeReadBuffer(length)
    return mapAnswer(vfs.read(caller, file.data, start, buffer), (result): READ3res => {
      const file_attributes = result.attributes
      if (result.status !== errno.OK) {
        discard(buffer)
        return { status: failureStatus(result.status), resfail: { file_attributes } }
      }
      assert(result.count <= buffer.length, 'the Vfs read more than the buffer holds')
      const data = result.count === buffer.length ? buffer : buffer.subarray(0, result.count)
      const resok = { file_attributes, count: result.count, eof: result.eof, data }
      return { status: nfsstat3.NFS3_OK, resok }
    })
  }
}
