import { RPCBSTAT_HIGHPROC, type rpcb_stat_byvers, type rpcbs_addrlist } from '../../xdr/generated/rpcbind.ts'
import { countedProgramsMax } from './limits.ts'

interface VersionCounts {
  readonly calls: number[]
  sets: number
  unsets: number
  readonly lookups: Map<string, { -readonly [key in keyof rpcbs_addrlist]: rpcbs_addrlist[key] }>
}

/** Counts for RPCBPROC_GETSTAT (RFC 1833, section 2.1): per version 2, 3 and 4. */
export class Statistics {
  readonly #versions = new Map([2, 3, 4].map((version) => [version, newCounts()]))

  called(version: number, procedure: number): void {
    this.#of(version).calls[procedure]!++
  }

  wasSet(version: number): void {
    this.#of(version).sets++
  }

  wasUnset(version: number): void {
    this.#of(version).unsets++
  }

  lookedUp(version: number, prog: number, vers: number, netid: string, found: boolean): void {
    const { lookups } = this.#of(version)
    const key = `${prog}/${vers}/${netid}`
    let entry = lookups.get(key)
    if (entry === undefined) {
      if (lookups.size >= countedProgramsMax) return
      entry = { prog, vers, netid, success: 0, failure: 0 }
      lookups.set(key, entry)
    }
    if (found) entry.success++
    else entry.failure++
  }

  /** Remote calls are not made, so their lists are empty. */
  snapshot(): rpcb_stat_byvers {
    return [...this.#versions.values()].map((counts) => ({
      info: counts.calls.map(wrap),
      setinfo: wrap(counts.sets),
      unsetinfo: wrap(counts.unsets),
      addrinfo: [...counts.lookups.values()].map((entry) => ({
        ...entry,
        success: wrap(entry.success),
        failure: wrap(entry.failure),
      })),
      rmtinfo: [],
    }))
  }

  #of(version: number): VersionCounts {
    const counts = this.#versions.get(version)
    if (counts === undefined) throw new Error(`no such version of rpcbind: ${version}`)
    return counts
  }
}

function newCounts(): VersionCounts {
  return { calls: new Array(RPCBSTAT_HIGHPROC).fill(0), sets: 0, unsets: 0, lookups: new Map() }
}

/** Counters are signed words on the wire. */
function wrap(count: number): number {
  return count | 0
}
