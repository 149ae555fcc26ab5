/**
 * A process as `pid-starttime`. A pid alone is reused; with the start time (field 22 of /proc/PID/stat, in
 * clock ticks since boot) a name left behind by a dead run is told from one of a living run.
 */
import { readFileSync } from 'node:fs'

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command in parentheses may hold spaces and parentheses itself: count the fields after the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

export const ownIdentity = `${process.pid}-${startTime(process.pid) ?? '0'}`

/** Whether the process that named itself so is still running. */
export function isAlive(identity: string): boolean {
  const [pid, start] = identity.split('-')
  return start !== undefined && startTime(Number(pid)) === start
}
