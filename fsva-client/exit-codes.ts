/** Exit codes of fsva-client, documented in fsva-client(1). */
export const ExitCode = {
  ok: 0,
  /** Something that no other code names. */
  failed: 1,
  usage: 2,
  /** The server's name has no address, or nothing answers there. */
  unreachable: 3,
  /** The server does not export that directory, or not to this client. */
  exportRefused: 4,
  /** The server speaks neither NFS version 3 nor MOUNT version 3. */
  versionRefused: 5,
  /** Not root. */
  notPermitted: 6,
  /** This machine has no mount.nfs or no NFS in its kernel. */
  notSupported: 7,
  /** The mount point is missing, no directory, in use already, or not mounted. */
  mountPoint: 8,
  /** No side channel: no device for it, no server at its other end, or no agent. */
  noChannel: 9,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** A failure that is understood: what happened, in plain words, and what to do. */
export class ClientError extends Error {
  readonly exitCode: ExitCode
  readonly advice: string | undefined

  constructor(exitCode: ExitCode, message: string, advice?: string) {
    super(message)
    this.name = 'ClientError'
    this.exitCode = exitCode
    this.advice = advice
  }
}
