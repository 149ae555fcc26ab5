import { type RpcClient, TcpRpcClient, type TcpTarget } from '../../rpc/client.ts'
import { RPCBPROG, RPCBVERS4, RPCBVERS4_PROCEDURES as v4 } from '../../xdr/generated/rpcbind.ts'

/** Where rpcbind listens for programs on its own machine; it tells them apart by the peer's uid there. */
const socketPath = '/run/rpcbind.sock'
const port111 = { host: '127.0.0.1', port: 111 }
const timeoutMs = 2000
/** Over the loopback address rpcbind takes registrations from reserved ports only. */
const reservedPorts = { low: 665, high: 1023 }
const reservedPortTries = 16

/**
 * A connection to the rpcbind of this machine; undefined if none answers. To be closed by the caller.
 *
 * Port 111 has to answer, whatever the local socket does: it is where clients ask, and the socket may belong to another
 * network namespace.
 */
export async function connectSystemRpcbind(): Promise<RpcClient | undefined> {
  const visible = await firstThatWorks([() => connectAndPing(port111)])
  if (visible === undefined) return undefined
  visible.close()
  return firstThatWorks([
    () => connectAndPing({ path: socketPath }),
    connectFromReservedPort,
    () => connectAndPing(port111),
  ])
}

async function firstThatWorks(
  attempts: readonly (() => Promise<RpcClient>)[],
): Promise<RpcClient | undefined> {
  for (const attempt of attempts) {
    try {
      return await attempt()
    } catch {
      // The next way in, if there is one.
    }
  }
  return undefined
}

async function connectFromReservedPort(): Promise<RpcClient> {
  for (let tries = 1; ; tries++) {
    const { low, high } = reservedPorts
    const localPort = low + Math.floor(Math.random() * (high - low + 1))
    try {
      return await connectAndPing({ ...port111, localAddress: '127.0.0.1', localPort })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries >= reservedPortTries) throw error
    }
  }
}

async function connectAndPing(target: TcpTarget): Promise<RpcClient> {
  const client = await TcpRpcClient.connect(target, { timeoutMs })
  try {
    await client.call(RPCBPROG, RPCBVERS4, v4.RPCBPROC_NULL, undefined)
    return client
  } catch (error) {
    client.close()
    throw error
  }
}
