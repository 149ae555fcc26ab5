/**
 * A block server for QEMU: the NBD protocol (fixed newstyle handshake, simple replies) on a Unix socket.
 * https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
 */
import { createServer, type Server, type Socket } from 'node:net'
import { ByteQueue } from './byte-queue.ts'
import { DiskError, sectorBytes, type VolatileDisk } from './volatile-disk.ts'

const greeting = Buffer.from('NBDMAGICIHAVEOPT\0\x03', 'latin1') // fixed newstyle, no zeroes
const noZeroes = 2
const optionMagic = 'IHAVEOPT'
const optionReplyMagic = 0x0003e889045565a9n
const option = { exportName: 1, abort: 2, info: 6, go: 7 } as const
const optionReply = { ack: 1, info: 3, unsupported: 0x80000001 } as const
const information = { export: 0, blockSize: 3 } as const
/** Has flags, flush, FUA, trim, write zeroes. */
const exportFlags = 1 | 4 | 8 | 32 | 64
const requestMagic = 0x25609513
const replyMagic = 0x67446698
const request = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6 } as const
const forceUnitAccess = 1
const errno = { none: 0, io: 5, invalid: 22 } as const

const optionBytesMax = 4096
const transferBytesMax = 32 * 2 ** 20
const preferredBlockBytes = 4096

export class NbdServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(path: string, disk: VolatileDisk): Promise<NbdServer> {
    const server = createServer()
    const nbd = new NbdServer(server)
    server.on('connection', (socket) => {
      nbd.#sockets.add(socket)
      socket.on('close', () => nbd.#sockets.delete(socket))
      socket.on('error', () => {})
      serve(socket, disk).catch(() => socket.destroy())
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve)
    })
    return nbd
  }

  /** Drops every connection; what has arrived and was not answered is not done. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.disconnect()
    this.#server.close()
  }
}

/** One connection, until its end; throws if the peer breaks the protocol or leaves. */
async function serve(socket: Socket, disk: VolatileDisk): Promise<void> {
  const input = new ByteQueue(socket)
  socket.write(greeting)
  const withoutZeroes = ((await input.take(4)).readUInt32BE(0) & noZeroes) !== 0
  if (!(await negotiate(socket, input, disk, withoutZeroes))) return void socket.end()
  for (;;) {
    const header = await input.take(28)
    if (header.readUInt32BE(0) !== requestMagic) throw new Error('not an NBD request')
    const [flags, type, length] = [header.readUInt16BE(4), header.readUInt16BE(6), header.readUInt32BE(24)]
    const offset = Number(header.readBigUInt64BE(16))
    if (type === request.disconnect) return void socket.end()
    if (type === request.write && length > transferBytesMax) throw new Error('write too long')
    const data = type === request.write ? await input.take(length) : undefined
    // A connection that was dropped meanwhile has asked for nothing.
    if (socket.destroyed) return
    const reply = Buffer.alloc(16)
    reply.writeUInt32BE(replyMagic, 0)
    header.copy(reply, 8, 8, 16)
    let answer: Buffer | undefined
    try {
      answer = perform(disk, type, offset, length, data)
      if (flags & forceUnitAccess && type !== request.read) disk.flush()
    } catch (error) {
      answer = undefined
      reply.writeUInt32BE(error instanceof DiskError ? errno.io : errno.invalid, 4)
    }
    // Perhaps the power was cut just now.
    if (socket.destroyed) return
    socket.write(answer === undefined ? reply : Buffer.concat([reply, answer]))
  }
}

/** Whether it comes to requests. */
async function negotiate(
  socket: Socket,
  input: ByteQueue,
  disk: VolatileDisk,
  withoutZeroes: boolean,
): Promise<boolean> {
  const size = Buffer.alloc(10)
  size.writeBigUInt64BE(BigInt(disk.bytes), 0)
  size.writeUInt16BE(exportFlags, 8)
  for (;;) {
    const header = await input.take(16)
    if (header.toString('latin1', 0, 8) !== optionMagic) throw new Error('not an NBD option')
    const [code, length] = [header.readUInt32BE(8), header.readUInt32BE(12)]
    if (length > optionBytesMax) throw new Error('option too long')
    await input.take(length)
    const answer = (type: number, payload: Buffer = Buffer.alloc(0)) => {
      const head = Buffer.alloc(20)
      head.writeBigUInt64BE(optionReplyMagic, 0)
      head.writeUInt32BE(code, 8)
      head.writeUInt32BE(type, 12)
      head.writeUInt32BE(payload.length, 16)
      socket.write(Buffer.concat([head, payload]))
    }
    switch (code) {
      // Any name is the disk's.
      case option.exportName:
        socket.write(withoutZeroes ? size : Buffer.concat([size, Buffer.alloc(124)]))
        return true
      case option.info:
      case option.go: {
        const blockSizes = Buffer.alloc(14)
        blockSizes.writeUInt16BE(information.blockSize, 0)
        for (const [index, bytes] of [sectorBytes, preferredBlockBytes, transferBytesMax].entries())
          blockSizes.writeUInt32BE(bytes, 2 + 4 * index)
        answer(optionReply.info, Buffer.concat([Buffer.from([0, information.export]), size]))
        answer(optionReply.info, blockSizes)
        answer(optionReply.ack)
        if (code === option.go) return true
        break
      }
      case option.abort:
        answer(optionReply.ack)
        return false
      default:
        answer(optionReply.unsupported)
    }
  }
}

/** Does what is asked; answers the bytes of a read. */
function perform(
  disk: VolatileDisk,
  type: number,
  offset: number,
  length: number,
  data: Buffer | undefined,
): Buffer | undefined {
  switch (type) {
    case request.read:
      if (length > transferBytesMax) throw new RangeError('read too long')
      return disk.read(offset, length)
    case request.write:
      disk.write(offset, data!)
      return undefined
    case request.flush:
      disk.flush()
      return undefined
    // A hint; what it names may keep its content.
    case request.trim:
      return undefined
    case request.writeZeroes:
      if (length > transferBytesMax) throw new RangeError('write too long')
      disk.write(offset, Buffer.alloc(length))
      return undefined
    default:
      throw new RangeError(`no request ${type}`)
  }
}
