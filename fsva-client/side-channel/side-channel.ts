/**
 * The user VM's end of the side channel: files of the server by memory that both share, beside NFS and by the same rights.
 *
 *     const channel = await SideChannel.connect({ socket: '/run/fsva/channel.sock', clientAddress: '127.0.0.1' })
 *     const file = await channel.open(openSync('/mnt/file', 'r'))
 *     const buffer = channel.lend(1 << 20)
 *     const { bytes } = await file.read(buffer, { offset: 0, length: 1 << 20 })
 *     use(new Uint8Array(buffer.data, 0, bytes))
 *
 * Everything rejects with a SideChannelError. The channel finds a server that was restarted again by itself; what was asked
 * meanwhile is answered then, or rejects after the deadline. NFS never depends on it.
 */
import { performance } from 'node:perf_hooks'
import type {
  AgentDetails,
  AgentFigures,
  AgentLocalFigures,
  NativeAgent,
} from '../../native/agent-binding.ts'
import { addon } from '../../native/binding.ts'
import { Answers } from './answers.ts'
import { LentBuffer } from './lent-buffer.ts'
import { settled, sideChannelError } from './side-channel-error.ts'
import { SideChannelFile } from './side-channel-file.ts'

/** A server on this machine by its socket; or one in another VM by address and port, with the device that both see. */
export type Where =
  | { readonly socket: string; readonly clientAddress?: string }
  | { readonly server: string; readonly port: number; readonly device: string }

export type SideChannelOptions = Where & {
  /** Bytes of memory to share, if the server makes it: a multiple of 2 MiB. */
  readonly regionBytes?: number
  /** The mount whose cache in the kernel is to follow what the server says has changed. Takes root. */
  readonly mountPoint?: string
  /** How long the event loop may be held up by looking for an answer: 10 by default, 0 for not at all. */
  readonly inlineMicroseconds?: number
  /** How long a native thread that waits looks before it sleeps: 50 by default, 0 where there is one processor. */
  readonly spinMicroseconds?: number
  /** What is not answered by then rejects: 30 s by default. */
  readonly deadlineMs?: number
}

/** On whose behalf a file is opened; of the groups the first 16 count. */
export interface Who {
  readonly uid: number
  readonly gid: number
  readonly gids?: readonly number[]
}

/** What the server can tell of changes in one export. */
export interface ExportCoherence {
  readonly path: string
  /** "complete", "partial" or "none". */
  readonly coherence: string
  readonly why: string
}

export class SideChannel {
  readonly #native: NativeAgent
  readonly #answers: Answers

  private constructor(native: NativeAgent, answers: Answers) {
    this.#native = native
    this.#answers = answers
  }

  static async connect(options: SideChannelOptions): Promise<SideChannel> {
    const answers = new Answers(options.inlineMicroseconds ?? 10, options.deadlineMs ?? 30_000)
    const native = new addon.NativeAgent(answers.ready)
    answers.use(native)
    const isLocal = 'socket' in options
    try {
      await native.connect({
        socket: isLocal ? options.socket : undefined,
        server: isLocal ? undefined : options.server,
        port: isLocal ? undefined : options.port,
        device: isLocal ? undefined : options.device,
        clientAddress: isLocal ? options.clientAddress : undefined,
        regionBytes: options.regionBytes,
        mountPoint: options.mountPoint,
        spinMicroseconds: options.spinMicroseconds ?? 50,
        deadlineMilliseconds: options.deadlineMs ?? 30_000,
      })
    } catch (error) {
      native.end()
      throw sideChannelError(error)
    }
    return new SideChannel(native, answers)
  }

  /**
   * The file of a descriptor of a file on the NFS mount, opened for reading or writing (not O_PATH); it may be closed
   * afterwards. Who opened it is this process, unless said otherwise. What this machine's kernel holds of the file and has
   * not sent is sent before.
   */
  async open(fd: number, who: Who = ourselves()): Promise<SideChannelFile> {
    const { uid, gid, gids = [] } = who
    return new SideChannelFile(await settled(() => this.#native.open(fd, uid, gid, [...gids])), this.#answers)
  }

  /** The same by the server's own handle, for those who ask NFS themselves. */
  async openHandle(
    handle: Uint8Array,
    access: 'read' | 'write' | 'both',
    who: Who = ourselves(),
  ): Promise<SideChannelFile> {
    const { uid, gid, gids = [] } = who
    const bits = { read: 1, write: 2, both: 3 }[access]
    return new SideChannelFile(
      await settled(() => this.#native.openHandle(handle, bits, uid, gid, [...gids])),
      this.#answers,
    )
  }

  /** Memory to read into and write from. Throws a SideChannelError with code ENOBUFS if there is none left. */
  lend(bytes: number): LentBuffer {
    try {
      return new LentBuffer(this.#native.lend(bytes))
    } catch (error) {
      throw sideChannelError(error)
    }
  }

  /** Microseconds to the server and back. */
  async ping(): Promise<number> {
    const start = performance.now()
    await this.#answers.answer(
      (numbers, spin) => this.#native.ping(numbers, spin),
      () => {},
    )
    return (performance.now() - start) * 1000
  }

  stats(): AgentFigures {
    try {
      return this.#native.figures()
    } catch (error) {
      throw sideChannelError(error)
    }
  }

  /** By operation, and of the kernel's cache. */
  details(): AgentDetails {
    try {
      return this.#native.details()
    } catch (error) {
      throw sideChannelError(error)
    }
  }

  /** Whether the server is there now. */
  get up(): boolean {
    return this.stats().connected
  }

  exports(): readonly ExportCoherence[] {
    try {
      return this.#native.exports()
    } catch (error) {
      throw sideChannelError(error)
    }
  }

  /**
   * Serves other programs of this machine (libfsva, fsva-client cat and cp) until `close`: whoever connects to the socket may
   * have files below the mount points read and written for him, with his own rights. Once. Throws a SideChannelError with
   * code EADDRINUSE if another agent listens there.
   */
  serveLocal({ path, mountPoints }: { path: string; mountPoints: readonly string[] }): void {
    try {
      this.#native.serveLocal(path, [...mountPoints])
    } catch (error) {
      throw sideChannelError(error)
    }
  }

  /** What was done for other programs; undefined if they are not served. */
  localStats(): AgentLocalFigures | undefined {
    return this.#native.localFigures() ?? undefined
  }

  /** What is asked rejects. Memory that JavaScript can still reach stays. */
  async close(): Promise<void> {
    await settled(() => this.#native.close())
    this.#answers.ready()
    this.#native.end()
  }
}

function ourselves(): Who {
  return {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    gids: process.getgroups?.() ?? [],
  }
}
