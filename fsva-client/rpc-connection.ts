import { randomInt } from 'node:crypto'
import { Socket } from 'node:net'
import { hostname } from 'node:os'
import { auth_flavor, encodeauthsys_parms, msg_type } from '@fsva/nfs-server/xdr/generated/rpc'
import type { Procedure } from '@fsva/nfs-server/xdr/procedure'
import { XdrWriter } from '@fsva/nfs-server/xdr/writer'
import { RpcFailure } from './rpc-failure.ts'
import { decodeReply } from './rpc-reply.ts'

const timeoutMs = 5000
/** Largest reply read: an export list of a big server. */
const replyBytesMax = 4 * 1024 * 1024
const recordBytesMax = 0x7fffffff
/** Ports that only root may use as a source, and that no service is known by. */
const privilegedPorts = { first: 665, last: 1023 } as const
const privilegedAttemptsMax = 20

/** One TCP connection to one service; one call at a time. */
export class RpcConnection {
  readonly #socket: Socket
  /** Whether it comes from a port below 1024, as `secure` exports demand. */
  readonly isPrivileged: boolean
  #received: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket, isPrivileged: boolean) {
    this.#socket = socket
    this.isPrivileged = isPrivileged
    socket.on('error', () => {})
  }

  /** Connects, from a privileged port if we may have one. Throws RpcFailure. */
  static async open(address: string, port: number): Promise<RpcConnection> {
    let attempts = process.getuid?.() === 0 ? privilegedAttemptsMax : 0
    for (;;) {
      const localPort = attempts > 0 ? randomInt(privilegedPorts.first, privilegedPorts.last + 1) : undefined
      try {
        return new RpcConnection(await connect(address, port, localPort), localPort !== undefined)
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? ''
        const isLocal = code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES'
        if (localPort === undefined || !isLocal) throw connectFailure(code, port, error as Error)
        attempts = code === 'EACCES' ? 0 : attempts - 1
      }
    }
  }

  /** Makes a call as this process' user and waits for its result. Throws RpcFailure. */
  async call<A, R>(program: number, version: number, procedure: Procedure<A, R>, args: A): Promise<R> {
    const xid = randomInt(2 ** 32)
    const writer = new XdrWriter()
    for (const value of [xid, msg_type.CALL, 2, program, version, procedure.number]) writer.writeUint32(value)
    writeCredential(writer)
    procedure.encodeArguments(writer, args)
    const mark = Buffer.alloc(4)
    mark.writeUInt32BE((0x80000000 | writer.byteLength) >>> 0)
    this.#socket.write(Buffer.concat([mark, writer.bytes()]))
    return decodeReply(await this.#readRecord(), xid, procedure)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Reads one record, all its fragments put together (RFC 5531, section 11). */
  async #readRecord(): Promise<Buffer> {
    const fragments: Buffer[] = []
    let length = 0
    for (let isLast = false; !isLast; ) {
      const mark = (await this.#read(4)).readUInt32BE()
      isLast = mark > recordBytesMax
      const fragmentLength = mark & recordBytesMax
      length += fragmentLength
      if (length > replyBytesMax) throw new RpcFailure('garbled', 'its answer is too long')
      fragments.push(await this.#read(fragmentLength))
    }
    return Buffer.concat(fragments)
  }

  async #read(length: number): Promise<Buffer> {
    const deadline = AbortSignal.timeout(timeoutMs)
    while (this.#received.length < length) {
      const chunk = await nextChunk(this.#socket, deadline)
      this.#received = Buffer.concat([this.#received, chunk])
    }
    const bytes = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return bytes
  }
}

function writeCredential(writer: XdrWriter): void {
  const credential = new XdrWriter()
  encodeauthsys_parms(credential, {
    stamp: 0,
    machinename: Buffer.from(hostname()).subarray(0, 255),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    gids: process.getgroups?.().slice(0, 16) ?? [],
  })
  writer.writeUint32(auth_flavor.AUTH_SYS)
  writer.writeOpaque(credential.bytes(), 400)
  writer.writeUint32(auth_flavor.AUTH_NONE)
  writer.writeUint32(0)
}

function connect(address: string, port: number, localPort: number | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Socket()
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(
      () => fail(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    )
    socket.once('error', (error) => {
      clearTimeout(timer)
      fail(error)
    })
    socket.connect(
      localPort === undefined ? { host: address, port } : { host: address, port, localPort },
      () => {
        clearTimeout(timer)
        socket.removeAllListeners('error')
        socket.pause()
        resolve(socket)
      },
    )
  })
}

function connectFailure(code: string, port: number, error: Error): RpcFailure {
  if (code === 'ECONNREFUSED') return new RpcFailure('closed', `nothing listens on port ${port}`)
  if (code === 'ETIMEDOUT') {
    return new RpcFailure('timeout', `no answer from port ${port} within ${timeoutMs / 1000} s`)
  }
  return new RpcFailure('unreachable', `no connection to port ${port}: ${error.message}`)
}

function nextChunk(socket: Socket, deadline: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      for (const [event, listener] of listeners) socket.off(event, listener)
      deadline.removeEventListener('abort', late)
      socket.pause()
      action()
    }
    const ended = () =>
      settle(() => reject(new RpcFailure('failed', 'it closed the connection without an answer')))
    const late = () =>
      settle(() => reject(new RpcFailure('timeout', `no answer to our call within ${timeoutMs / 1000} s`)))
    const listeners: [string, (chunk: Buffer) => void][] = [
      ['data', (chunk) => settle(() => resolve(chunk))],
      ['end', ended],
      ['error', ended],
      ['close', ended],
    ]
    if (deadline.aborted) {
      late()
      return
    }
    if (socket.destroyed || socket.readableEnded) {
      ended()
      return
    }
    for (const [event, listener] of listeners) socket.on(event, listener)
    deadline.addEventListener('abort', late)
    socket.resume()
  })
}
