/** A server under measurement: every one is started and stopped the same way, on the same directory. */
export interface RunningServer {
  readonly port: number
  readonly mountPort: number
  /** The process whose CPU time is the server's. */
  readonly pid: number
  stop(): Promise<void>
}

export interface ServerKind {
  readonly name: string
  /** The load generator's operations that it can answer, without files; undefined: all, since it has files. */
  readonly operations?: ReadonlySet<string>
  /** Undefined if it can run here, else what is missing and how to get it. */
  missing(): string | undefined
  /** Serves `directory` read-write to loopback as root, without squashing. */
  start(directory: string, scratch: string): Promise<RunningServer>
}
