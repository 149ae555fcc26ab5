/**
 * Files of a mount through the agent of this machine, over its socket: for programs that are not the agent. Each read and
 * write is copied once by the agent, into or out of memory that it shares with this process.
 */
import { readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import type { NativeAgentConnection } from '../native/local-agent-binding.ts'
import { agentFiles } from './agent/agent-files.ts'

/** Where agents of this machine may listen for other programs: each has the files of one mount. */
export function agentSockets(): readonly string[] {
  const { directory } = agentFiles('/')
  const usual = join(dirname(directory), 'agent.sock')
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.data'))
    return [usual, ...names.sort().map((name) => join(directory, name))]
  } catch {
    // No such directory, or nothing for us: there is no agent there.
    return [usual]
  }
}

/** Not among those that Node names. */
const otherErrnos: Readonly<Record<number, string>> = {
  87: 'EUSERS',
  108: 'ESHUTDOWN',
  116: 'ESTALE',
  122: 'EDQUOT',
}

/** "ENOSPC" for 28. */
export function errnoName(number: number): string {
  const known = Object.entries(constants.errno).find(([, value]) => value === number)
  return known?.[0] ?? otherErrnos[number] ?? `errno ${number}`
}

/** What the agent, or the server behind it, answered instead. ENOTCONN: there is no agent, or it has gone. */
export class AgentError extends Error {
  /** The errno's name. */
  readonly code: string

  constructor(number: number) {
    const code = errnoName(number)
    super(`the agent answers ${code}`)
    this.name = 'AgentError'
    this.code = code
  }
}

/** A part of a connection's memory, as large as the largest transfer. */
export interface Place {
  /** Where in the memory, in bytes. */
  readonly at: number
  readonly bytes: Uint8Array
}

export class AgentConnection {
  readonly #native: NativeAgentConnection
  /** What reads go into and writes come from. Reading needs no copy: the bytes are here once `read` has answered. */
  readonly places: readonly Place[]

  private constructor(native: NativeAgentConnection) {
    this.#native = native
    const memory = native.memory()
    const size = native.transferBytes
    this.places = Array.from({ length: Math.floor(memory.byteLength / size) }, (_, number) => ({
      at: number * size,
      bytes: new Uint8Array(memory, number * size, size),
    }))
  }

  /** Throws an AgentError; with code ENOTCONN if no agent listens there. */
  static async connect(socket: string): Promise<AgentConnection> {
    // Only now: whoever needs no agent needs no addon either.
    const { addon } = await import('../native/binding.ts')
    try {
      return new AgentConnection(addon.NativeAgentConnection.connect(socket))
    } catch (error) {
      const number = Number((error as Error).message)
      throw Number.isInteger(number) ? new AgentError(number) : error
    }
  }

  /**
   * Opens the file of a descriptor, which may be closed afterwards, for what it was opened for. AgentError: EXDEV (in no
   * mount of the agent), EOPNOTSUPP (no regular file, or O_APPEND), EISDIR, EMFILE, or what the server says.
   */
  async open(fd: number): Promise<AgentFile> {
    return new AgentFile(this.#native, checked(await this.#native.open(fd)))
  }

  /** Ends it, with all its files. */
  close(): void {
    this.#native.close()
  }
}

/** A file that the agent has open. Everything throws an AgentError if it fails. */
export class AgentFile {
  readonly #native: NativeAgentConnection
  readonly #number: number

  /** Use `AgentConnection.open`. */
  constructor(native: NativeAgentConnection, number: number) {
    this.#native = native
    this.#number = number
  }

  /** Fills the place's first bytes; answers how many, 0 only at the end of the file. */
  async read(place: Place, length: number, offset: number): Promise<number> {
    return checked(await this.#native.read(this.#number, BigInt(offset), length, place.at))
  }

  /** Writes the place's bytes from `start` on; answers how many, which may be fewer. They are safe after `fsync`. */
  async write(place: Place, start: number, length: number, offset: number): Promise<number> {
    return checked(await this.#native.write(this.#number, BigInt(offset), length, place.at + start))
  }

  /** Code ECONNRESET: what was written since the last one may be lost; write it again. */
  async fsync(): Promise<void> {
    checked(await this.#native.fsync(this.#number))
  }

  /** As the server has it now, whatever the kernel remembers. */
  async getattr(): Promise<{ size: number; mode: number; fileid: number; mtime: number }> {
    const { status, ...attributes } = await this.#native.getattr(this.#number)
    if (status !== 0) throw new AgentError(status)
    return attributes
  }

  async close(): Promise<void> {
    checked(await this.#native.release(this.#number))
  }
}

function checked(answer: number): number {
  if (answer < 0) throw new AgentError(-answer)
  return answer
}
