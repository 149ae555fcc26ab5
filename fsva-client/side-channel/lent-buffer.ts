import type { NativeLentBuffer } from '../../native/agent-binding.ts'

/** Memory that the server reads files into and writes them from. */
export class LentBuffer {
  /** The shared memory itself. It changes whenever the server likes, and is empty after `end`. */
  readonly data: ArrayBuffer
  /** The addon's, for calls. */
  readonly native: NativeLentBuffer

  /** Use `SideChannel.lend`. */
  constructor(native: NativeLentBuffer) {
    this.native = native
    this.data = native.data()
  }

  /** For others again once nothing that was asked uses it. */
  end(): void {
    this.native.end()
    detach(this.data)
  }
}

/** Leaves nothing of it to JavaScript, so that its memory is let go of. */
export function detach(buffer: ArrayBuffer): void {
  if (!buffer.detached) buffer.transfer(0)
}
