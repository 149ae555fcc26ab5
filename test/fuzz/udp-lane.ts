import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Lane } from './lane.ts'
import type { Ledger } from './ledger.ts'
import type { FuzzRecord } from './records.ts'
import type { TcpWay } from './tcp-lane.ts'

/** Datagrams get lost where a socket's buffer is full: a client asks again. */
const repeatMs = 2000

export class UdpLane extends Lane {
  readonly #port: number
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout
  /** Asked again, so that more than one answer may come. */
  readonly #asked = new Set<number>()

  private constructor(ledger: Ledger, way: TcpWay, depth: number, socket: Socket) {
    super(ledger, { transport: 'udp', isReservedPort: way.localPort > 0 }, depth)
    this.#port = way.port
    this.#socket = socket
    socket.on('message', (reply) => this.received(reply))
    socket.on('error', (error) => ledger.report(`UDP: ${error.message}`))
    this.#timer = setInterval(() => this.#repeat(), repeatMs)
  }

  static async open(ledger: Ledger, way: TcpWay, depth: number): Promise<UdpLane> {
    const socket = createSocket('udp4')
    socket.bind(way.localPort, way.localAddress)
    await once(socket, 'listening')
    return new UdpLane(ledger, way, depth, socket)
  }

  protected transmit({ message }: FuzzRecord): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.send(message, this.#port, '127.0.0.1', () => resolve())
    })
  }

  protected override unexpected(index: number, reply: Buffer): void {
    if (!this.#asked.has(index)) super.unexpected(index, reply)
  }

  #repeat(): void {
    const now = performance.now()
    for (const { record, sent_ms } of this.waiting) {
      if (now - sent_ms < repeatMs) continue
      this.#asked.add(record.index)
      void this.transmit(record)
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#socket.close()
  }
}
