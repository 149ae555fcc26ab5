/** What the NFS client counted, out of /proc/self/mountstats. */

export interface OperationCounts {
  readonly calls: number
  /** Sum over the calls, in milliseconds, of the time from sending to the reply. */
  readonly rttMs: number
  /** The same from when the client wanted to send: with waiting for a place among the calls under way. */
  readonly executeMs: number
}

/** By name of the operation; those without calls are left out. Nothing for a file system that is not NFS. */
export type MountStats = Readonly<Record<string, OperationCounts>>

export function parseMountStats(text: string, mountPoint: string): MountStats {
  const sections = text.split(/^(?=device )/m)
  const section = sections.find((each) => each.includes(` mounted on ${mountPoint} with fstype nfs`))
  const stats: Record<string, OperationCounts> = {}
  // Name: calls, transmissions, timeouts, bytes sent, bytes received, queue, rtt, execute, errors.
  for (const [, name, numbers] of (section ?? '').matchAll(/^\s+([A-Z0-9_]+): ((?:\d+ ?){8,})$/gm)) {
    const [calls, , , , , , rttMs, executeMs] = numbers!.split(' ').map(Number)
    if (calls! > 0) stats[name!] = { calls: calls!, rttMs: rttMs!, executeMs: executeMs! }
  }
  return stats
}

export function statsBetween(before: MountStats, after: MountStats): MountStats {
  const stats: Record<string, OperationCounts> = {}
  for (const [name, later] of Object.entries(after)) {
    const earlier = before[name] ?? { calls: 0, rttMs: 0, executeMs: 0 }
    const calls = later.calls - earlier.calls
    if (calls === 0) continue
    stats[name] = {
      calls,
      rttMs: later.rttMs - earlier.rttMs,
      executeMs: later.executeMs - earlier.executeMs,
    }
  }
  return stats
}
