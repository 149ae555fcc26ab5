import { errnoName } from '../local-agent.ts'

/**
 * What the server, this machine's kernel or the channel says instead of an answer. ENOTCONN: there is no server now, use NFS;
 * ETIMEDOUT: it did not answer in time; ECONNRESET: the shared memory was made anew, lend again; ENOBUFS: all of it is lent;
 * ESHUTDOWN: the channel was closed; ECONNREFUSED: the server does not want us; EPROTO: there is none that speaks this
 * protocol, or it speaks nonsense. Anything else is the file's, as read(2) and write(2) have it.
 */
export class SideChannelError extends Error {
  /** The errno's name. */
  readonly code: string
  readonly errno: number

  constructor(errno: number, message = errnoName(errno)) {
    super(message)
    this.name = 'SideChannelError'
    this.code = errnoName(errno)
    this.errno = errno
  }
}

/** The addon's errors have the errno's number in front of their message. */
export function sideChannelError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SideChannelError) return error
  const found = /^(\d+) (.*)$/s.exec(error.message)
  return found === null ? error : new SideChannelError(Number(found[1]), found[2])
}

/** What the addon answers, with errors that programs know. */
export async function settled<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw sideChannelError(error)
  }
}
