import type { NativeMapping } from '../../native/agent-binding.ts'
import { detach } from './lent-buffer.ts'

/**
 * Pages of a file as the server has them in its memory: nothing was copied for us. They are for reading; whoever writes to
 * them spoils them for others, and does not change the file.
 */
export class Mapping {
  /** Where it begins in the file. */
  readonly offset: number
  /** Of all buffers together: less than asked for at the end of the file. */
  readonly length: number
  /** In the file's order, without gaps; as many as the server has pieces. Empty after `unmap`. */
  readonly buffers: readonly ArrayBuffer[]
  readonly #native: NativeMapping

  /** Use `SideChannelFile.map`. */
  constructor(native: NativeMapping, offset: number) {
    this.#native = native
    this.offset = offset
    this.length = native.bytes
    this.buffers = native.buffers()
  }

  /**
   * Whether this is what the file holds, as far as is known; false also while the server is away. To be asked after the bytes
   * were used: what was read before was the file's then.
   */
  get valid(): boolean {
    return this.#native.isValid()
  }

  /** Called once when it is not valid any more for good. The server waits for `unmap` then before it uses the memory again. */
  onInvalid(callback: () => void): void {
    this.#native.onInvalid(callback)
  }

  unmap(): void {
    this.#native.unmap()
    for (const buffer of this.buffers) detach(buffer)
  }
}
