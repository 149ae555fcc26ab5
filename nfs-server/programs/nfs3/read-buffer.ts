import { takeBuffer, takePiece } from '../../rpc/buffer-pool.ts'
import { smallReadBytes } from './limits.ts'

/**
 * Memory for one READ's data, uninitialized: the procedure answers only the part that the Vfs filled. It is used again when
 * the connection has sent it; small buffers are pieces of one.
 */
export function takeReadBuffer(byteLength: number): Buffer {
  return byteLength > smallReadBytes ? takeBuffer(byteLength) : takePiece(byteLength)
}
