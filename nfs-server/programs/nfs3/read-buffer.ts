import { discard, granuleBytes, takeBuffer, takePiece } from '../../rpc/buffer-pool.ts'
import { nfsstat3, type READ3res } from '../../xdr/generated/nfs3.ts'
import { isReferenced } from '../../xdr/writer.ts'
import { smallReadBytes } from './limits.ts'

/**
 * Memory for one READ's data, uninitialized: the procedure answers only the part that the Vfs filled. It is used again when
 * the connection has sent it, or no reply needs it; small buffers are pieces of one.
 */
export function takeReadBuffer(byteLength: number): Buffer {
  return byteLength > smallReadBytes ? takeBuffer(byteLength) : takePiece(byteLength)
}

/** What a READ of so many bytes keeps while it waits: a piece may be all that is left of its buffer. */
export function readBufferBytes(byteLength: number): number {
  return Math.max(byteLength, granuleBytes)
}

/** The buffer is not needed if no reply refers to it: there is none, or the data are few and have been copied. */
export function readDone(result: READ3res, isSent: boolean): void {
  if (result.status !== nfsstat3.NFS3_OK) return
  const { data } = result.resok
  if (!isSent || !isReferenced(data)) discard(data)
}
