/**
 * Large buffers that are used again: allocating a mebibyte for each WRITE and READ keeps the garbage collector and the
 * kernel's page faults busier than the copying does.
 *
 * A buffer goes back to the pool when the last hold on it is released, and its memory is somebody else's from then on.
 * One that nobody ever held, because things went wrong before, is left to the garbage collector.
 */

/** Buffers come in multiples of this size. */
const granuleBytes = 64 << 10
/** Unused buffers kept, all sizes together. */
const unusedBytesMax = 32 << 20

/** Who is told when memory that it answers for is not used any more. */
export interface MemoryHolder {
  release(bytes: number): void
}

/** Memory and the number of those who still look at it. */
export interface Chunk {
  readonly bytes: Buffer
  /** Its memory is used again. */
  readonly isPooled: boolean
  holds: number
  /** Answers for the whole chunk until the last hold is released. */
  holder: MemoryHolder | undefined
}

const chunks = new WeakMap<ArrayBufferLike, Chunk>()
const unused = new Map<number, Chunk[]>()
let unusedBytes = 0

/** Memory of its own, known to `hold`. */
export function newChunk(size: number, isPooled = false): Chunk {
  const chunk: Chunk = { bytes: Buffer.allocUnsafeSlow(size), isPooled, holds: 0, holder: undefined }
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
  let chunk = unused.get(size)?.pop()
  if (chunk === undefined) chunk = newChunk(size, true)
  else unusedBytes -= size
  return chunk.bytes.subarray(0, length)
}

/** Keeps the memory behind a view as it is until `release`; undefined if it is not ours to use again. */
export function hold(view: Uint8Array): Chunk | undefined {
  const chunk = chunks.get(view.buffer)
  if (chunk !== undefined) chunk.holds++
  return chunk
}

export function release(chunk: Chunk | undefined): void {
  if (chunk === undefined || --chunk.holds > 0) return
  chunk.holder?.release(chunk.bytes.length)
  chunk.holder = undefined
  if (!chunk.isPooled) return
  const size = chunk.bytes.length
  if (unusedBytes + size > unusedBytesMax) return
  unusedBytes += size
  const same = unused.get(size)
  if (same === undefined) unused.set(size, [chunk])
  else same.push(chunk)
}
