/** The agent as `cat` and `cp` use it: if it is there and serves the file, and with a note if it should have. */
import { type FileHandle, statfs } from 'node:fs/promises'
import { AgentConnection, AgentError, agentSocket, type Place } from '../local-agent.ts'
import { PlaceFile } from './place-file.ts'

export interface AgentOptions {
  /** Where it listens; undefined: where it usually does. */
  readonly socket?: string | undefined
  /** Do without. */
  readonly without?: boolean | undefined
  /** Told once of each thing that is not as it might be. */
  readonly note: (text: string) => void
}

/** NFS_SUPER_MAGIC of statfs(2). */
const nfs = 0x6969

const placeBytes = 1 << 20

const reasons: Readonly<Record<string, string>> = {
  EXDEV: 'it is in no mount of the agent',
  EUSERS: 'too many programs are connected to the agent',
  EMFILE: 'the agent has too many files open',
  EPROTO: 'the agent is of another version',
  ENOTCONN: 'the agent has gone',
}

export class AgentForCopies {
  readonly #connection: AgentConnection | undefined
  /** Why there is no connection; undefined if none was wanted. */
  readonly #missing: string | undefined
  readonly #note: (text: string) => void
  /** Two, so that one is filled while the other is emptied. */
  readonly places: readonly [Place, Place]

  private constructor(
    connection: AgentConnection | undefined,
    missing: string | undefined,
    note: (text: string) => void,
  ) {
    this.#connection = connection
    this.#missing = missing
    this.#note = note
    const [first = ownPlace(), second = ownPlace()] = connection?.places ?? []
    this.places = [first, second]
  }

  static async find({ socket = agentSocket, without, note }: AgentOptions): Promise<AgentForCopies> {
    if (without === true) return new AgentForCopies(undefined, undefined, note)
    try {
      return new AgentForCopies(await AgentConnection.connect(socket), undefined, note)
    } catch (error) {
      const code = error instanceof AgentError ? error.code : undefined
      const none = code === 'ENOTCONN' ? `no agent listens at ${socket}` : undefined
      const why = none ?? reasons[code ?? ''] ?? (error as Error).message
      return new AgentForCopies(undefined, why, note)
    }
  }

  /** The file of a descriptor, by the agent if it serves it. */
  async file(kernel: FileHandle, path: string): Promise<PlaceFile> {
    if (this.#missing !== undefined && (await isNfs(kernel))) this.#tell(path, this.#missing)
    let refusal: string | undefined
    const file = await PlaceFile.of(kernel, this.#connection, {
      refused: (code) => {
        refusal = code
      },
      lost: () => this.#tell(path, 'the agent has gone'),
    })
    // Whatever is not NFS is nothing for the agent.
    if (refusal !== undefined && (refusal !== 'EXDEV' || (await isNfs(kernel)))) {
      this.#tell(path, reasons[refusal] ?? `the agent answers ${refusal}`)
    }
    return file
  }

  #tell(path: string, why: string): void {
    this.#note(`${path}: by the kernel alone: ${why}`)
  }

  close(): void {
    this.#connection?.close()
  }
}

function ownPlace(): Place {
  return { at: 0, bytes: new Uint8Array(placeBytes) }
}

async function isNfs(kernel: FileHandle): Promise<boolean> {
  const { type } = await statfs(`/proc/self/fd/${kernel.fd}`)
  return type === nfs
}
