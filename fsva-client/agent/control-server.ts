import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { type ControlAnswer, type ControlAnswers, parseRequest, requestBytesMax } from './control-protocol.ts'
import { LineReader } from './line-reader.ts'

/** Does what is asked; what it throws is told to whoever asked. */
export type ControlHandler = {
  readonly [Op in keyof ControlAnswers]: () => ControlAnswers[Op] | Promise<ControlAnswers[Op]>
}

const connectionsMax = 64

/** The control socket of a running agent. */
export class ControlServer {
  readonly #server: Server
  readonly #path: string
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  /** The caller holds the agent's lock: a socket that is there already is that of a dead one. */
  static async listen(path: string, handler: ControlHandler): Promise<ControlServer> {
    rmSync(path, { force: true })
    const server = createServer()
    server.maxConnections = connectionsMax
    const control = new ControlServer(server, path)
    server.on('connection', (socket) => control.#serve(socket, handler))
    // Nobody may connect before the mode is set: the socket is bound before listen() returns.
    const mask = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(path, resolve)
        process.umask(mask)
      })
    } finally {
      process.umask(mask)
    }
    chmodSync(path, 0o600)
    return control
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    rmSync(this.#path, { force: true })
  }

  #serve(socket: Socket, handler: ControlHandler): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const reader = new LineReader(requestBytesMax)
    let answered: Promise<void> = Promise.resolve()
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = reader.push(text)
      if (lines === undefined) {
        socket.destroy()
        return
      }
      for (const line of lines) {
        answered = answered.then(async () => {
          const answer = `${JSON.stringify(await answerTo(line, handler))}\n`
          if (!socket.destroyed) socket.write(answer)
        })
      }
    })
  }
}

async function answerTo(line: string, handler: ControlHandler): Promise<ControlAnswer<keyof ControlAnswers>> {
  const request = parseRequest(line)
  if (request === undefined) return { ok: false, error: 'no such request' }
  try {
    return { ok: true, answer: await handler[request.op]() }
  } catch (error) {
    return { ok: false, error: (error as Error).message }
  }
}
