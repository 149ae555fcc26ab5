/** The agent as `cat` and `cp` use it: if there is one that has the file, and with a note if there should be. */
import { type FileHandle, statfs } from 'node:fs/promises'
import { AgentConnection, AgentError, type AgentFile, agentSockets, type Place } from '../local-agent.ts'
import { PlaceFile } from './place-file.ts'

export interface AgentOptions {
  /** Where it listens; undefined: whichever agent of this machine has the file. */
  readonly socket?: string | undefined
  /** Do without. */
  readonly without?: boolean | undefined
  /** Told of each file that an agent could serve, and does not. */
  readonly note: (text: string) => void
}

/** NFS_SUPER_MAGIC of statfs(2). */
const nfs = 0x6969

const placeBytes = 1 << 20

const reasons: Readonly<Record<string, string>> = {
  EXDEV: 'it is in no mount of an agent',
  EUSERS: 'too many programs are connected to the agent',
  EMFILE: 'the agent has too many files open',
  EPROTO: 'the agent is of another version',
  ENOTCONN: 'no agent runs',
}

export class AgentForCopies {
  readonly #options: AgentOptions
  /** Of the first file that an agent had: both ends of a copy share its memory. */
  #connection: AgentConnection | undefined
  #places: readonly [Place, Place] | undefined

  constructor(options: AgentOptions) {
    this.#options = options
  }

  /** Two, so that one is filled while the other is emptied. To be asked for after `file`. */
  get places(): readonly [Place, Place] {
    // An agent's file is read into its connection's memory, whatever came before went by.
    const [first, second] = this.#connection?.places ?? []
    if (first !== undefined && second !== undefined) return [first, second]
    this.#places ??= [ownPlace(), ownPlace()]
    return this.#places
  }

  /** The file of a descriptor, by the agent if one serves it. The descriptor has to stay open. */
  async file(kernel: FileHandle, path: string): Promise<PlaceFile> {
    const { without, socket, note } = this.#options
    const lost = () => note(`${path}: by the kernel alone from here on: the agent has gone`)
    if (without === true) return new PlaceFile(kernel, undefined, lost)
    const { file, why } = await this.#open(kernel.fd)
    // What is not NFS is nothing for an agent, unless one was named and is not there.
    const isMissed = (socket !== undefined && why !== reasons.EXDEV) || (await isNfs(kernel))
    if (file === undefined && isMissed) note(`${path}: by the kernel alone: ${why}`)
    return new PlaceFile(kernel, file, lost)
  }

  async #open(fd: number): Promise<{ file?: AgentFile; why: string }> {
    if (this.#connection !== undefined) return await opened(this.#connection, fd)
    const { socket } = this.#options
    let why: string | undefined
    for (const candidate of socket === undefined ? agentSockets() : [socket]) {
      try {
        const connection = await AgentConnection.connect(candidate)
        const found = await opened(connection, fd)
        if (found.file !== undefined) {
          this.#connection = connection
          return found
        }
        connection.close()
        why = found.why
      } catch (error) {
        // That nobody listens in one place says nothing of the others.
        if (!(error instanceof AgentError) || error.code !== 'ENOTCONN') why = reason(error)
      }
    }
    return { why: why ?? `${reasons.ENOTCONN}${socket === undefined ? '' : ` at ${socket}`}` }
  }

  close(): void {
    this.#connection?.close()
  }
}

async function opened(connection: AgentConnection, fd: number): Promise<{ file?: AgentFile; why: string }> {
  try {
    return { file: await connection.open(fd), why: '' }
  } catch (error) {
    const isDown = error instanceof AgentError && error.code === 'ENOTCONN'
    return { why: isDown ? 'its agent has gone, or has no channel' : reason(error) }
  }
}

function reason(error: unknown): string {
  if (!(error instanceof AgentError)) return (error as Error).message
  return reasons[error.code] ?? error.message
}

function ownPlace(): Place {
  return { at: 0, bytes: new Uint8Array(placeBytes) }
}

async function isNfs(kernel: FileHandle): Promise<boolean> {
  const { type } = await statfs(`/proc/self/fd/${kernel.fd}`)
  return type === nfs
}
