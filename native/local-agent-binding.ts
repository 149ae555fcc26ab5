/** What the addon has for programs that use the agent of their machine (native/src/local_agent.rs). */

/** What the server says of a file. */
export interface AgentFileStatus {
  /** 0, or an errno number: the rest means nothing then. */
  readonly status: number
  readonly size: number
  /** As st_mode. */
  readonly mode: number
  readonly fileid: number
  /** Seconds since 1970. */
  readonly mtime: number
}

/** Requests answer a count or a number; below 0 it is an errno number, negated. They run one after the other. */
export interface NativeAgentConnection {
  /** At most that many bytes are transferred by one request. */
  readonly transferBytes: number
  /** What requests read into and write from, shared with the agent. To be asked for once. */
  memory(): ArrayBuffer
  /** The agent closes the files; requests fail from now on. The memory stays. */
  close(): void
  /** The agent's number for the file of a descriptor, which stays the caller's. */
  open(fd: number): Promise<number>
  release(file: number): Promise<number>
  /** `place`: where in the memory. */
  read(file: number, offset: bigint, length: number, place: number): Promise<number>
  write(file: number, offset: bigint, length: number, place: number): Promise<number>
  fsync(file: number): Promise<number>
  getattr(file: number): Promise<AgentFileStatus>
}

export interface NativeAgentConnections {
  /** Throws an Error whose message is the errno's number. */
  connect(socket: string): NativeAgentConnection
}
