import { randomInt } from 'node:crypto'
import { TcpRpcClient } from '@fsva/nfs-server/rpc/client'
import { RpcReplyError } from '@fsva/nfs-server/rpc/client-message'
import type { Procedure } from '@fsva/nfs-server/xdr/procedure'
import { RpcFailure } from './rpc-failure.ts'

const timeoutMs = 5000
/** Ports that only root may use as a source, and that few services are known by. */
const privilegedPorts = { first: 665, last: 1023 } as const
const privilegedAttemptsMax = 20

/** One TCP connection to one service, with failures that say what kind they are. */
export class RpcConnection {
  readonly #client: TcpRpcClient
  /** Whether it comes from a port below 1024, as `secure` exports demand. */
  readonly isPrivileged: boolean

  private constructor(client: TcpRpcClient, isPrivileged: boolean) {
    this.#client = client
    this.isPrivileged = isPrivileged
  }

  /** Connects, from a privileged port if we may have one. Throws RpcFailure. */
  static async open(address: string, port: number): Promise<RpcConnection> {
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
    const options = { credential: { uid, gid }, timeoutMs }
    let attempts = uid === 0 ? privilegedAttemptsMax : 0
    for (;;) {
      const isPrivileged = attempts > 0
      const local = isPrivileged
        ? { localPort: randomInt(privilegedPorts.first, privilegedPorts.last + 1) }
        : {}
      try {
        const client = await TcpRpcClient.connect({ host: address, port, ...local }, options)
        return new RpcConnection(client, isPrivileged)
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? ''
        const isLocal = code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES'
        if (!isPrivileged || !isLocal) throw connectFailure(code, port, error as Error)
        attempts = code === 'EACCES' ? 0 : attempts - 1
      }
    }
  }

  /** Makes a call as this process' user and waits for its result. Throws RpcFailure. */
  async call<A, R>(program: number, version: number, procedure: Procedure<A, R>, args: A): Promise<R> {
    try {
      return await this.#client.call(program, version, procedure, args)
    } catch (error) {
      throw error instanceof RpcReplyError ? refusal(error) : noReply(error as Error)
    }
  }

  close(): void {
    this.#client.close()
  }
}

const unreachableReasons: Readonly<Record<string, string>> = {
  ENETUNREACH: 'this machine has no route to that network',
  EHOSTUNREACH: 'the machine cannot be reached',
  ENETDOWN: 'the network is down',
}

function connectFailure(code: string, port: number, error: Error): RpcFailure {
  if (code === 'ECONNREFUSED') return new RpcFailure('closed', `nothing listens on port ${port}`)
  if (code === '' || code === 'ETIMEDOUT') {
    return new RpcFailure('timeout', `no answer from port ${port} within ${timeoutMs / 1000} s`)
  }
  const reason = unreachableReasons[code] ?? error.message
  return new RpcFailure('unreachable', `no connection to port ${port}: ${reason}`)
}

function refusal({ status, versions }: RpcReplyError): RpcFailure {
  if (status === 'PROG_UNAVAIL') return new RpcFailure('program', 'it does not offer this program')
  if (versions !== undefined) {
    const { low, high } = versions
    return new RpcFailure('version', `it offers only version ${low === high ? low : `${low} to ${high}`}`)
  }
  if (status.startsWith('AUTH_')) {
    return new RpcFailure('denied', `it does not accept our credential (${status})`)
  }
  return new RpcFailure('failed', `it answered ${status}`)
}

function noReply(error: Error): RpcFailure {
  if (error.message.startsWith('no reply')) {
    return new RpcFailure('timeout', `it takes the call, but does not answer within ${timeoutMs / 1000} s`)
  }
  if ((error as NodeJS.ErrnoException).code !== undefined || error.message.startsWith('connection closed')) {
    return new RpcFailure('failed', 'it closed the connection without an answer')
  }
  return new RpcFailure('garbled', `its answer cannot be understood (${error.message})`)
}
