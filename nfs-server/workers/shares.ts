/**
 * How the bounds of a server are kept by several event loops. Connections are counted where they are accepted; of calls
 * and of memory every loop has an equal share, which it keeps without asking the others.
 */
import type { RpcLimits } from '../rpc/limits.ts'

/** The server's thread is one of them. */
export const workersMax = 16
/** With less of the memory a loop could not hold several of the largest calls of several clients. */
export const memoryShareBytesMin = 32 << 20

export function shareOf(limits: RpcLimits, loops: number): RpcLimits {
  return {
    ...limits,
    callsMax: Math.max(1, Math.floor(limits.callsMax / loops)),
    memoryBytesMax: Math.floor(limits.memoryBytesMax / loops),
  }
}
