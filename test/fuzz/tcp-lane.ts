import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { mark } from '../fixtures/hostile-peer.ts'
import { Lane } from './lane.ts'
import type { Ledger } from './ledger.ts'
import type { FuzzRecord } from './records.ts'

export interface TcpWay {
  readonly port: number
  readonly localAddress: string
  /** A reserved one, or 0 for any. */
  readonly localPort: number
}

/** One connection. A server that ends it, with or without an answer due, has done wrong: it is made anew. */
export class TcpLane extends Lane {
  readonly #way: TcpWay
  #socket: Socket | undefined
  #input = Buffer.alloc(0)
  #isClosed = false

  constructor(ledger: Ledger, way: TcpWay, depth: number) {
    super(ledger, { transport: 'tcp', isReservedPort: way.localPort > 0 }, depth)
    this.#way = way
  }

  protected async transmit(record: FuzzRecord): Promise<void> {
    const socket = this.#socket ?? (await this.#connect())
    if (!socket.write(framed(record)) && !socket.destroyed) {
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {})
    }
  }

  async #connect(): Promise<Socket> {
    const { port, localAddress, localPort } = this.#way
    const socket = connect({ host: '127.0.0.1', port, localAddress, localPort, noDelay: true })
    socket.on('error', () => {})
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    if (socket.destroyed) throw new Error(`cannot connect to port ${port} from ${localAddress}:${localPort}`)
    this.#socket = socket
    this.#input = Buffer.alloc(0)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('close', () => {
      this.#socket = undefined
      if (this.#isClosed) return
      this.ledger.report('the server ended a connection')
      this.failed('the connection ended')
    })
    return socket
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk])
    let at = 0
    while (at + 4 <= bytes.length) {
      const word = bytes.readUInt32BE(at)
      const end = at + 4 + (word & 0x7fff_ffff)
      if (word >>> 31 === 0) this.ledger.report('a reply in several fragments')
      if (end > bytes.length) break
      this.received(bytes.subarray(at + 4, end))
      at = end
    }
    this.#input = Buffer.from(bytes.subarray(at))
  }

  close(): void {
    this.#isClosed = true
    this.#socket?.destroy()
  }
}

function framed({ message, fragments }: FuzzRecord): Buffer {
  if (fragments === undefined) return Buffer.concat([mark(message.length), message])
  const parts: Buffer[] = []
  let at = 0
  for (const [index, size] of fragments.entries()) {
    parts.push(mark(size, index === fragments.length - 1), message.subarray(at, at + size))
    at += size
  }
  return Buffer.concat(parts)
}
