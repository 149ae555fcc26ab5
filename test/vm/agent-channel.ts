/** The host's end of the channel to the agent in a VM (guest/agent.c, which describes the frames). */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const headerBytes = 9

export interface RunResult {
  /** Exit code, or 128 + signal number. */
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** Measured in the VM. */
  readonly durationMs: number
}

export interface Credentials {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

interface PendingRun {
  readonly stdout: Buffer[]
  readonly stderr: Buffer[]
  readonly onStdout: ((chunk: Buffer) => void) | undefined
  readonly resolve: (result: RunResult) => void
  readonly reject: (error: Error) => void
}

export class AgentChannel {
  readonly #socket: Socket
  readonly #runs = new Map<number, PendingRun>()
  #received: Buffer[] = []
  #receivedBytes = 0
  #wantedBytes = headerBytes
  #nextId = 1
  #failure: Error | undefined
  #greeted: () => void = () => {}
  /** Resolves when the agent is up. */
  readonly ready: Promise<void>

  constructor(socket: Socket) {
    this.#socket = socket
    this.ready = new Promise((resolve) => {
      this.#greeted = resolve
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => {})
  }

  /** Connects to QEMU's socket, which appears a moment after QEMU has started. */
  static async connect(path: string, deadline: number): Promise<AgentChannel> {
    for (;;) {
      const socket = await new Promise<Socket | undefined>((resolve) => {
        const attempt = connect(path)
        attempt.once('connect', () => resolve(attempt))
        attempt.once('error', () => resolve(undefined))
      })
      if (socket !== undefined) return new AgentChannel(socket)
      if (Date.now() > deadline) throw new Error('QEMU did not open its agent socket')
      await sleep(20)
    }
  }

  /** Starts a script; answers the run's id for kill(), and its result. */
  run(
    script: string | Uint8Array,
    who: Credentials,
    input: Uint8Array,
    onStdout?: (chunk: Buffer) => void,
  ): { id: number; result: Promise<RunResult> } {
    const id = this.#nextId++
    const text = Buffer.from(script as Uint8Array)
    const words = [who.uid, who.gid, who.groups.length, ...who.groups, text.length]
    const head = Buffer.alloc(4 * words.length)
    for (const [index, word] of words.entries()) head.writeUInt32BE(word, 4 * index)
    const result = new Promise<RunResult>((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else this.#runs.set(id, { stdout: [], stderr: [], onStdout, resolve, reject })
    })
    this.#send('R', id, Buffer.concat([head, text, input]))
    return { id, result }
  }

  kill(id: number): void {
    this.#send('K', id, Buffer.alloc(0))
  }

  /** Ends every waiting run with an error, and every later one: for whoever sees how the VM ended. */
  fail(error: Error): void {
    this.#failure = error
    for (const run of this.#runs.values()) run.reject(error)
    this.#runs.clear()
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(type: string, id: number, payload: Buffer): void {
    const header = Buffer.alloc(headerBytes)
    header.write(type, 0, 'latin1')
    header.writeUInt32BE(id, 1)
    header.writeUInt32BE(payload.length, 5)
    this.#socket.write(Buffer.concat([header, payload]))
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#receivedBytes += chunk.length
    while (this.#receivedBytes >= this.#wantedBytes) {
      const bytes = Buffer.concat(this.#received)
      const frameBytes = headerBytes + bytes.readUInt32BE(5)
      this.#received = [bytes]
      this.#wantedBytes = frameBytes
      if (bytes.length < frameBytes) return
      this.#handle(
        bytes.toString('latin1', 0, 1),
        bytes.readUInt32BE(1),
        bytes.subarray(headerBytes, frameBytes),
      )
      this.#received = [bytes.subarray(frameBytes)]
      this.#receivedBytes = bytes.length - frameBytes
      this.#wantedBytes = headerBytes
    }
  }

  #handle(type: string, id: number, payload: Buffer): void {
    if (type === 'H') this.#greeted()
    const run = this.#runs.get(id)
    if (run === undefined) return
    if (type === 'E') run.stderr.push(payload)
    if (type === 'O') {
      run.stdout.push(payload)
      run.onStdout?.(payload)
    }
    if (type !== 'X') return
    this.#runs.delete(id)
    run.resolve({
      exitCode: payload.readUInt32BE(0),
      durationMs: payload.readUInt32BE(4) / 1000,
      stdout: Buffer.concat(run.stdout),
      stderr: Buffer.concat(run.stderr),
    })
  }
}
