/** A small RPC client: for talking to the system's rpcbind, and for tests. */
import { createSocket } from 'node:dgram'
import { connect, isIPv6, type Socket } from 'node:net'
import type { Procedure } from '../xdr/procedure.ts'
import { XdrReader } from '../xdr/reader.ts'
import { XdrWriter } from '../xdr/writer.ts'
import { type Credential, decodeReply, encodeCall } from './client-message.ts'
import { RecordReader } from './record-marking.ts'

export type { Credential } from './client-message.ts'

export interface RpcClientOptions {
  /** Default: AUTH_NONE. */
  readonly credential?: Credential | undefined
  /** Time for one call, all repetitions included. Default 60,000: that of the stock client. */
  readonly timeoutMs?: number | undefined
}

/** Where to connect: a local socket, or an address. */
export type TcpTarget =
  | { readonly path: string }
  | {
      readonly host: string
      readonly port: number
      readonly localAddress?: string
      readonly localPort?: number
    }

/** One program at the other end, of which procedures can be called. */
export interface RpcClient {
  /** Fails with RpcReplyError if the server refuses the call, with other errors if there is no reply. */
  call<A, R>(program: number, version: number, procedure: Procedure<A, R>, args: A): Promise<R>
  close(): void
}

interface Waiting {
  readonly resolve: (record: Uint8Array) => void
  readonly reject: (error: Error) => void
}

const defaultTimeoutMs = 60_000
const recordBytesMax = 4 << 20
const udpRepeatMs = 1000

export class TcpRpcClient implements RpcClient {
  readonly #socket: Socket
  readonly #options: RpcClientOptions
  readonly #reader = new RecordReader({ recordBytesMax, fragmentsMax: 4096 })
  readonly #waiting = new Map<number, Waiting>()
  readonly #writer = new XdrWriter()
  #xid = randomXid()
  #failure: Error | undefined

  private constructor(socket: Socket, options: RpcClientOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('connection closed by the server')))
  }

  /** Connects within the time-out of a call. */
  static async connect(target: TcpTarget, options: RpcClientOptions = {}): Promise<TcpRpcClient> {
    const socket = connect(target)
    socket.setNoDelay(true)
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.destroy()
        reject(new Error(`no connection after ${timeoutMs} ms`))
      }, timeoutMs)
      socket.once('connect', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.once('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
    })
    return new TcpRpcClient(socket, options)
  }

  async call<A, R>(program: number, version: number, procedure: Procedure<A, R>, args: A): Promise<R> {
    if (this.#failure !== undefined) throw this.#failure
    const xid = this.#xid
    this.#xid = (xid + 1) >>> 0
    const writer = this.#writer
    writer.reset()
    const mark = writer.reserve(4)
    encodeCall(writer, xid, program, version, procedure, args, this.#options.credential)
    writer.patchUint32(mark, 0x8000_0000 + writer.byteLength - 4)
    const answered = this.#wait(xid, this.#options.timeoutMs ?? defaultTimeoutMs)
    this.#socket.cork()
    for (const segment of writer.segments()) this.#socket.write(segment)
    this.#socket.uncork()
    return decodeReply(new XdrReader(await answered), procedure)
  }

  #wait(xid: number, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(xid)
        reject(new Error(`no reply after ${timeoutMs} ms`))
      }, timeoutMs)
      this.#waiting.set(xid, {
        resolve: (record) => {
          clearTimeout(timer)
          resolve(record)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
    })
  }

  #received(chunk: Buffer): void {
    let rest: Uint8Array = chunk
    try {
      while (rest.length > 0) {
        const room = this.#reader.buffer()
        const count = Math.min(room.length, rest.length)
        room.set(rest.subarray(0, count))
        rest = rest.subarray(count)
        this.#reader.filled(count)
        for (let record = this.#reader.next(); record !== undefined; record = this.#reader.next()) {
          this.#answered(Buffer.from(record))
        }
      }
    } catch (error) {
      this.#fail(error as Error)
      this.#socket.destroy()
    }
  }

  #answered(record: Buffer): void {
    if (record.length < 4) return
    const xid = record.readUInt32BE(0)
    this.#waiting.get(xid)?.resolve(record)
    this.#waiting.delete(xid)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure)
    this.#waiting.clear()
  }

  close(): void {
    this.#socket.destroy()
  }
}

interface UdpRpcClientOptions extends RpcClientOptions {
  readonly localAddress?: string
  readonly localPort?: number
}

/** One socket per call: calls by UDP are few, and a fresh port keeps late replies apart. */
export class UdpRpcClient implements RpcClient {
  readonly #host: string
  readonly #port: number
  readonly #options: UdpRpcClientOptions

  constructor(host: string, port: number, options: UdpRpcClientOptions = {}) {
    this.#host = host
    this.#port = port
    this.#options = options
  }

  async call<A, R>(program: number, version: number, procedure: Procedure<A, R>, args: A): Promise<R> {
    const xid = randomXid()
    const writer = new XdrWriter()
    encodeCall(writer, xid, program, version, procedure, args, this.#options.credential)
    const reply = await this.#exchange(xid, writer.bytes())
    return decodeReply(new XdrReader(reply), procedure)
  }

  async #exchange(xid: number, message: Uint8Array): Promise<Uint8Array> {
    const socket = createSocket(isIPv6(this.#host) ? 'udp6' : 'udp4')
    const timeoutMs = this.#options.timeoutMs ?? defaultTimeoutMs
    let repeat: NodeJS.Timeout | undefined
    let expire: NodeJS.Timeout | undefined
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        socket.on('error', reject)
        socket.on('message', (reply) => {
          if (reply.length >= 4 && reply.readUInt32BE(0) === xid) resolve(reply)
        })
        socket.bind(this.#options.localPort ?? 0, this.#options.localAddress, () => {
          socket.connect(this.#port, this.#host, () => {
            const send = () => socket.send(message, (error) => error && reject(error))
            send()
            repeat = setInterval(send, udpRepeatMs)
            expire = setTimeout(() => reject(new Error(`no reply after ${timeoutMs} ms`)), timeoutMs)
          })
        })
      })
    } finally {
      clearInterval(repeat)
      clearTimeout(expire)
      socket.close()
    }
  }

  close(): void {}
}

function randomXid(): number {
  return Math.floor(Math.random() * 0x1_0000_0000)
}
