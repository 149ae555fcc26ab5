/** RPC over UDP (RFC 5531, section 4): one datagram, one message. For rpcbind and MOUNT; NFS itself is TCP only. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { accept_stat } from '../xdr/generated/rpc.ts'
import { XdrWriter } from '../xdr/writer.ts'
import { CallerCache } from './auth.ts'
import { plainAddress } from './connection.ts'
import { type Dispatcher, type Peer, unintelligible } from './dispatch.ts'
import type { RpcLimits } from './limits.ts'
import { uint32, writeAccepted } from './message.ts'

export class UdpSocket {
  readonly address: string
  readonly port: number
  readonly #socket: Socket
  readonly #dispatcher: Dispatcher
  readonly #limits: RpcLimits
  readonly #writer = new XdrWriter()
  #calls = 0
  /** Datagrams handed to the kernel whose callback has not come. */
  #sending = 0
  #isDraining = false
  #onIdle: (() => void) | undefined
  #closed: Promise<void> | undefined

  private constructor(socket: Socket, dispatcher: Dispatcher, limits: RpcLimits) {
    const { address, port } = socket.address()
    this.address = address
    this.port = port
    this.#socket = socket
    this.#dispatcher = dispatcher
    this.#limits = limits
    socket.on('message', (message, source) => this.#received(message, source))
    // Such as ECONNREFUSED from an earlier reply: one peer's trouble, not the socket's.
    socket.on('error', () => {})
  }

  static async bind(
    dispatcher: Dispatcher,
    where: { readonly address: string; readonly port: number },
    limits: RpcLimits,
  ): Promise<UdpSocket> {
    const socket = createSocket({ type: isIPv6(where.address) ? 'udp6' : 'udp4' })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address: where.address, port: where.port, exclusive: true }, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    return new UdpSocket(socket, dispatcher, limits)
  }

  #received(message: Buffer, source: { readonly address: string; readonly port: number }): void {
    // A reply to port 0 cannot be sent. Too much going on: the client repeats its call.
    if (this.#isDraining || source.port === 0 || this.#calls >= this.#limits.udpCallsMax) return
    const peer: Peer = {
      callers: new CallerCache(plainAddress(source.address), source.port, 1),
      transport: 'udp',
      localAddress: plainAddress(this.address),
      beginReply: () => {
        this.#writer.reset()
        return this.#writer
      },
      endReply: () => this.#send(source),
      abandonReply: () => this.#writer.truncate(0),
    }
    const pending = this.#dispatcher.dispatch(message, peer)
    if (pending === undefined || pending === unintelligible) return
    this.#calls++
    pending.settled.then(() => {
      this.#calls--
      this.#reportIdle()
    })
  }

  #send(source: { readonly address: string; readonly port: number }): void {
    if (this.#writer.byteLength > this.#limits.udpReplyBytesMax) {
      const xid = uint32(this.#writer.bytes(), 0)
      this.#writer.reset()
      writeAccepted(this.#writer, xid, accept_stat.SYSTEM_ERR)
    }
    if (this.#sending >= this.#limits.udpCallsMax) return
    this.#sending++
    this.#socket.send(this.#writer.segments(), source.port, source.address, () => {
      this.#sending--
      this.#reportIdle()
    })
  }

  #reportIdle(): void {
    if (this.#calls === 0 && this.#sending === 0) this.#onIdle?.()
  }

  /** Answers what it has, for at most `timeoutMs`, and closes. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true
    if ((this.#calls > 0 || this.#sending > 0) && timeoutMs > 0) {
      const timer = setTimeout(() => this.#onIdle?.(), timeoutMs)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
      clearTimeout(timer)
    }
    this.#closed ??= new Promise((resolve) => this.#socket.close(() => resolve()))
    await this.#closed
  }
}
