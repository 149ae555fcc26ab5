import { XdrWriter } from '../xdr/writer.ts'

/** Takes the encoded replies that were written in its name. */
export interface BatchOwner {
  collect(segments: readonly Uint8Array[], bytes: number): void
}

/**
 * One writer for the replies of all connections. Replies that one connection gives in a row share a segment, and so a
 * write; when another connection begins, the first gets what is there.
 */
export class ReplyBatch {
  readonly #writer = new XdrWriter()
  #owner: BatchOwner | undefined

  claim(owner: BatchOwner): XdrWriter {
    if (this.#owner !== owner) {
      this.#handOver()
      this.#owner = owner
    }
    return this.#writer
  }

  /** The owner gets what was written in its name; nothing happens if that is somebody else. */
  release(owner: BatchOwner): void {
    if (this.#owner === owner) this.#handOver()
  }

  #handOver(): void {
    const bytes = this.#writer.byteLength
    if (bytes > 0) this.#owner?.collect(this.#writer.segments(), bytes)
    this.#writer.reset()
    this.#owner = undefined
  }
}
