/** What a socket receives, taken in pieces of the wanted size. */
import type { Socket } from 'node:net'

export class ByteQueue {
  readonly #socket: Socket
  #received: Buffer[] = []
  #receivedBytes = 0
  #ended = false
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk)
      this.#receivedBytes += chunk.length
      this.#wake()
    })
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** The next bytes; throws if the connection ends before them. One caller at a time. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#receivedBytes < bytes) {
      if (this.#ended) throw new Error(`the connection ended ${bytes - this.#receivedBytes} bytes too early`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        this.#socket.resume()
      })
    }
    const all = this.#received.length === 1 ? this.#received[0]! : Buffer.concat(this.#received)
    this.#received = [all.subarray(bytes)]
    this.#receivedBytes -= bytes
    return all.subarray(0, bytes)
  }
}
