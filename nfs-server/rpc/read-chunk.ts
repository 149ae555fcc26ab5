/**
 * Where records begin to arrive. The readers of one event loop take turns with one chunk: whatever a socket has is read in one
 * go, and most of the time there are only whole records in it, which are dealt with before anybody else reads. Who is left
 * with bytes in it, or has let others look at it, keeps it, and the next one gets another. So a connection that is
 * idle has no chunk, and no reader ever writes where another's bytes are.
 */
import { type Chunk, newChunk } from './buffer-pool.ts'

export const chunkBytes = 64 << 10
/** Chunks kept for those who come next: the memory that was used last is the nearest. */
const spareMax = 16

export interface ChunkUser {
  /** Another one is about to read. False: the chunk is its. True: the user goes on with it, and gives it back. */
  keepsChunk(): boolean
}

let shared: Chunk | undefined
/** Whose turn it is, or was last; undefined if nobody's. */
let user: ChunkUser | undefined
const spare: Chunk[] = []

/** A chunk to read to, until the next one asks or `leaveChunk`. */
export function borrowChunk(by: ChunkUser): Chunk {
  if (user !== by) {
    const isKept = user?.keepsChunk() ?? false
    if (isKept || (shared !== undefined && shared.holds > 0)) shared = undefined
    user = by
  }
  shared ??= spare.pop() ?? newChunk(chunkBytes)
  return shared
}

/** Whoever borrowed the chunk needs it no more. What others still look at is nobody's from now on. */
export function leaveChunk(by: ChunkUser, chunk: Chunk): void {
  if (user === by) {
    user = undefined
    if (chunk.holds > 0) shared = undefined
  } else if (chunk.holds === 0 && chunk.bytes.length === chunkBytes && spare.length < spareMax) {
    spare.push(chunk)
  }
}
