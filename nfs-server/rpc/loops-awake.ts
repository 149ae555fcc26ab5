import { availableParallelism } from 'node:os'

/**
 * How many of a server's event loops are awake, in memory that all of them see. Who looks for calls instead of sleeping takes
 * a processor, which the client that is waited for, or another loop, may need.
 */
export class LoopsAwake {
  readonly memory: SharedArrayBuffer
  readonly #count: Int32Array
  readonly #processors: number

  /** `memory` is that of another thread's. */
  constructor(
    memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    processors = availableParallelism(),
  ) {
    this.memory = memory
    this.#count = new Int32Array(memory)
    this.#processors = processors
  }

  woke(): void {
    Atomics.add(this.#count, 0, 1)
  }

  sleeps(): void {
    Atomics.sub(this.#count, 0, 1)
  }

  /** Not all processors have a loop of this server to run. */
  get leaveProcessors(): boolean {
    return Atomics.load(this.#count, 0) < this.#processors
  }
}
