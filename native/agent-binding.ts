/** What the addon has for the user VM's end of the side channel (native/src/agent*.rs), typed by hand as in binding.ts. */

/**
 * Float64s of one answer: ticket, errno number or 0, bytes, 1 for the end of the file (read) or for committed (write); then
 * attributes: size, used, fsid and fileid (low and high half each), type (ftype3), mode, nlink, uid, gid, atime, mtime, ctime
 * (seconds and nanoseconds each).
 */
export const agentAnswerNumbers = 24

export interface AgentOptions {
  readonly socket: string | undefined
  /** An IP address. */
  readonly server: string | undefined
  readonly port: number | undefined
  readonly device: string | undefined
  readonly clientAddress: string | undefined
  readonly regionBytes: number | undefined
  readonly mountPoint: string | undefined
  readonly spinMicroseconds: number
  readonly deadlineMilliseconds: number
}

/** What a client counts (native/agent/src/figures.rs). */
export interface AgentFigures {
  readonly connected: boolean
  readonly requests: number
  /** Sent again after a break. */
  readonly resent: number
  /** Calls whose thread slept. */
  readonly sleeps: number
  /** Calls that waited because too many were unanswered. */
  readonly fullWindows: number
  readonly timeouts: number
  /** Answers to nothing that was asked. */
  readonly strays: number
  /** Times the server was met. */
  readonly connections: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly invalidatedGrants: number
  readonly notices: number
  /** Times when changes were not told one by one. */
  readonly resyncs: number
  /** Now, as the next two: of 4 KiB, and of 2 MiB. */
  readonly freeSmallPages: number
  readonly freeLargePages: number
  readonly mappedGrants: number
}

export interface AgentDetails {
  readonly operations: readonly {
    /** By its name in native/channel/src/protocol.rs. */
    readonly op: string
    readonly calls: number
    /** Microseconds; of some of the calls, and so undefined while none was timed. */
    readonly p50?: number
    readonly p99?: number
  }[]
  /** What the kernel's cache took (native/agent/src/kernel_cache/figures.rs). */
  readonly kernelCache?: Readonly<Record<string, number>>
}

/** What has been done for other programs (native/agent/src/local/listener.rs). */
export interface AgentLocalFigures {
  /** Connections now. */
  readonly open: number
  readonly connections: number
  /** Programs that found too many others connected. */
  readonly refused: number
  readonly requests: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** Everything that throws or rejects has an errno number in front of its message. */
export interface NativeAgent {
  /** Once. */
  connect(options: AgentOptions): Promise<void>
  /** Whether the event loop goes on because of this. */
  holdLoop(hold: boolean): void
  /** Fills `numbers` with answers; how many. */
  take(numbers: Float64Array): number
  /** 0: the answer is in `numbers`; else the ticket of what `take` will have. */
  ping(numbers: Float64Array, spinMicroseconds: number): number
  open(fd: number, uid: number, gid: number, gids: number[]): Promise<NativeAgentFile>
  /** `access`: 1 read, 2 write, 3 both. */
  openHandle(
    handle: Uint8Array,
    access: number,
    uid: number,
    gid: number,
    gids: number[],
  ): Promise<NativeAgentFile>
  lend(bytes: number): NativeLentBuffer
  figures(): AgentFigures
  details(): AgentDetails
  exports(): { path: string; coherence: string; why: string }[]
  /** Once, after `connect`; until `close`. */
  serveLocal(socket: string, mountPoints: string[]): void
  /** Null: other programs are not served. */
  localFigures(): AgentLocalFigures | null
  close(): Promise<void>
  /** After `close`: `ready` is not called any more. */
  end(): void
}

export interface NativeAgentFile {
  /** As last heard of. */
  attributes(numbers: Float64Array): void
  /** As `NativeAgent.ping`; so are `write` and `getattr`. */
  read(
    numbers: Float64Array,
    spinMicroseconds: number,
    buffer: NativeLentBuffer,
    at: number,
    length: number,
    offset: bigint,
  ): number
  /** By a thread that may wait, and opens the file again if that has to be. */
  readWaiting(buffer: NativeLentBuffer, at: number, length: number, offset: bigint): Promise<number[]>
  /** `how`: stable_how of RFC 1813. */
  write(
    numbers: Float64Array,
    spinMicroseconds: number,
    buffer: NativeLentBuffer,
    at: number,
    length: number,
    offset: bigint,
    how: number,
  ): number
  writeWaiting(
    buffer: NativeLentBuffer,
    at: number,
    length: number,
    offset: bigint,
    how: number,
  ): Promise<number[]>
  getattr(numbers: Float64Array, spinMicroseconds: number): number
  getattrWaiting(): Promise<number[]>
  fsync(): Promise<void>
  evict(offset: bigint, bytes: number): Promise<void>
  map(offset: bigint, bytes: number): Promise<NativeMapping>
  close(): Promise<void>
}

export interface NativeLentBuffer {
  /** The memory itself. To be asked for once. */
  data(): ArrayBuffer
  end(): void
}

export interface NativeMapping {
  /** The memory itself, in pieces. To be asked for once. */
  buffers(): ArrayBuffer[]
  readonly bytes: number
  isValid(): boolean
  onInvalid(callback: () => void): void
  unmap(): void
}

export type NativeAgents = new (ready: () => void) => NativeAgent
