/**
 * How the bounds of a server are kept by several event loops. Connections are counted where they are accepted; of calls
 * and of memory every loop has an equal share, which it keeps without asking the others.
 */
import type { RpcLimits } from '../rpc/limits.ts'

/** The server's thread is one of them. */
export const workersMax = 16
/** With less of the memory a loop could not hold several of the largest calls of several clients. */
export const memoryShareBytesMin = 32 << 20

/** What is too little to be shared out among so many, and why; undefined if nothing is. */
export function wrongShare(
  { memoryBytesMax, callsMax }: RpcLimits,
  workers: number,
): { readonly limit: 'memoryBytesMax' | 'callsMax'; readonly problem: string } | undefined {
  const shared = `is shared out among the ${workers} workers`
  const needed = workers * memoryShareBytesMin
  if (workers > 1 && memoryBytesMax < needed) {
    return { limit: 'memoryBytesMax', problem: `${shared}, which need at least ${needed} together` }
  }
  if (callsMax < workers) {
    return { limit: 'callsMax', problem: `${shared}, and each needs at least one call` }
  }
  return undefined
}

/** If they are not too little (`wrongShare`). */
export function shareOf(limits: RpcLimits, loops: number): RpcLimits {
  return {
    ...limits,
    callsMax: Math.floor(limits.callsMax / loops),
    memoryBytesMax: Math.floor(limits.memoryBytesMax / loops),
  }
}
