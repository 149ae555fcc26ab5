/**
 * Large buffers that are used again: allocating a mebibyte for each WRITE and READ keeps the garbage collector and the
 * kernel's page faults busier than the copying does.
 *
 * A buffer goes back to the pool when the last hold on it is released, and its memory is somebody else's from then on.
 * What the pool does not keep is freed at once: the garbage collector would come for it after a new crowd of clients has
 * been given as much again. One that nobody ever held, because things went wrong before, is left to the collector.
 */

/** Buffers come in multiples of this size, and pieces are of one such. */
export const granuleBytes = 64 << 10
/** Unused buffers kept, all sizes together: what four clients have under way with sixteen READs of 1 MiB each. */
const unusedBytesMax = 64 << 20

/** Who is told when memory that it answers for is not used any more. */
export interface MemoryHolder {
  release(bytes: number): void
}

/** Memory and the number of those who still look at it. */
export interface Chunk {
  readonly bytes: Buffer<ArrayBuffer>
  /** Its memory is used again. */
  readonly isPooled: boolean
  /** Given out in pieces, see takePiece. */
  isSlab: boolean
  holds: number
  /** Answers for the whole chunk until the last hold is released. */
  holder: MemoryHolder | undefined
}

const chunks = new WeakMap<ArrayBufferLike, Chunk>()
const unused = new Map<number, Chunk[]>()
let unusedBytes = 0

/** Memory of its own, known to `hold`. */
export function newChunk(size: number, isPooled = false): Chunk {
  const chunk: Chunk = {
    bytes: Buffer.allocUnsafeSlow(size),
    isPooled,
    isSlab: false,
    holds: 0,
    holder: undefined,
  }
  chunks.set(chunk.bytes.buffer, chunk)
  return chunk
}

/** What `takeBuffer` takes for so many bytes. */
export function bufferBytes(length: number): number {
  return Math.ceil(length / granuleBytes) * granuleBytes
}

/** Exactly `length` bytes, uninitialized, of a buffer that goes back when it has been held and released. */
export function takeBuffer(length: number): Buffer {
  const size = bufferBytes(length)
  return takeChunk(size).bytes.subarray(0, length)
}

function takeChunk(size: number): Chunk {
  const chunk = unused.get(size)?.pop()
  if (chunk === undefined) return newChunk(size, true)
  unusedBytes -= size
  return chunk
}

let slab: Chunk | undefined
let slabUsed = 0

/**
 * As `takeBuffer`, of at most a granule, from a slab of which others have pieces. A piece comes held, so that nobody gets its
 * memory before it has been answered: `hold` takes that hold over, once for each piece. One that is neither held nor
 * discarded leaves its slab to the garbage collector.
 */
export function takePiece(length: number): Buffer {
  if (slab === undefined || slabUsed + length > slab.bytes.length) {
    release(slab)
    slab = takeChunk(granuleBytes)
    slab.isSlab = true
    // Its own, as long as there are pieces to come.
    slab.holds = 1
    slabUsed = 0
  }
  slab.holds++
  const piece = slab.bytes.subarray(slabUsed, slabUsed + length)
  slabUsed += length
  return piece
}

/** Keeps the memory behind a view as it is until `release`; undefined if it is not ours to use again. */
export function hold(view: Uint8Array): Chunk | undefined {
  const chunk = chunks.get(view.buffer)
  if (chunk !== undefined && !chunk.isSlab) chunk.holds++
  return chunk
}

/** A buffer or piece that nobody held, nor will: it is used again. */
export function discard(view: Uint8Array): void {
  release(hold(view))
}

export function release(chunk: Chunk | undefined): void {
  if (chunk === undefined || --chunk.holds > 0) return
  const { holder } = chunk
  holder?.release(chunk.bytes.length)
  chunk.holder = undefined
  chunk.isSlab = false
  if (!chunk.isPooled) {
    // Its owner has given it up: those who held it were the last ones.
    if (holder !== undefined) free(chunk)
    return
  }
  const size = chunk.bytes.length
  if (unusedBytes + size > unusedBytesMax) makeRoom(size)
  if (unusedBytes + size > unusedBytesMax) {
    free(chunk)
    return
  }
  unusedBytes += size
  const same = unused.get(size)
  if (same === undefined) unused.set(size, [chunk])
  else same.push(chunk)
}

/** What is unused of other sizes goes first: what comes back is what is asked for now. */
function makeRoom(size: number): void {
  for (const [otherSize, others] of unused) {
    if (otherSize === size) continue
    while (others.length > 0 && unusedBytes + size > unusedBytesMax) {
      unusedBytes -= otherSize
      free(others.pop()!)
    }
  }
}

/** The chunk is nobody's, now or later; whoever has a view of it and asks again is told that it is none of ours. */
function free(chunk: Chunk): void {
  chunks.delete(chunk.bytes.buffer)
  // Its bytes get a new owner, which has room for none of them: they do not wait for the collector. Views of it are empty.
  chunk.bytes.buffer.transfer(0)
}
