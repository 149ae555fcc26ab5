import { takeBuffer } from '../../rpc/buffer-pool.ts'
import { readSlabBytes, smallReadBytes } from './limits.ts'

let slab = Buffer.allocUnsafeSlow(0)
let slabUsed = 0

/**
 * Memory for one READ's data, uninitialized: the procedure answers only the part that the Vfs filled. Small
 * buffers are pieces of a slab, each given out once; the slab goes when its last piece has been sent.
 * Large ones are the connection's to use again when it has sent them.
 */
export function takeReadBuffer(byteLength: number): Buffer {
  if (byteLength > smallReadBytes) return takeBuffer(byteLength)
  if (slabUsed + byteLength > slab.length) {
    slab = Buffer.allocUnsafeSlow(readSlabBytes)
    slabUsed = 0
  }
  const piece = slab.subarray(slabUsed, slabUsed + byteLength)
  slabUsed += byteLength
  return piece
}
