import { createConnection, type Socket } from 'node:net'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { answerBytesMax, type ControlAnswer, type ControlAnswers } from './control-protocol.ts'
import { LineReader } from './line-reader.ts'

const timeoutMs = 30_000

interface Waiter {
  readonly resolve: (line: string) => void
  readonly reject: (error: Error) => void
}

/** A connection to a running agent. */
export class ControlClient {
  readonly #socket: Socket
  readonly #waiting: Waiter[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    const reader = new LineReader(answerBytesMax)
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = reader.push(text)
      if (lines === undefined) socket.destroy()
      else for (const line of lines) this.#waiting.shift()?.resolve(line)
    })
    socket.on('error', () => {})
    socket.once('close', () => this.#fail('the agent has ended'))
    socket.setTimeout(timeoutMs, () => {
      if (this.#waiting.length === 0) return
      this.#fail(`the agent has not answered for ${timeoutMs / 1000} s`)
      socket.destroy()
    })
  }

  /** Undefined: no agent listens there. Throws ClientError if it is none of ours. */
  static async connect(path: string): Promise<ControlClient | undefined> {
    const socket = createConnection(path)
    try {
      await new Promise((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      })
      return new ControlClient(socket)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
      if (code === 'EACCES') {
        throw new ClientError(ExitCode.notPermitted, `${path} is not for this user`, 'run it with sudo')
      }
      throw new ClientError(ExitCode.failed, `${path}: ${message}`)
    }
  }

  /** Throws ClientError. */
  async ask<Op extends keyof ControlAnswers>(op: Op): Promise<ControlAnswers[Op]> {
    const line = await new Promise<string>((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new ClientError(ExitCode.noChannel, 'the agent has ended'))
      this.#waiting.push({ resolve, reject })
      this.#socket.write(`${JSON.stringify({ op })}\n`)
    })
    // Of our own user or root, and so believed.
    const answer = JSON.parse(line) as ControlAnswer<Op>
    if (answer.ok) return answer.answer
    throw new ClientError(ExitCode.noChannel, answer.error)
  }

  close(): void {
    this.#socket.destroy()
  }

  #fail(why: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new ClientError(ExitCode.noChannel, why))
  }
}
