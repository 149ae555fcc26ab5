/**
 * The groups of a caller as this machine knows them, instead of the at most 16 that AUTH_SYS has room for (RFC 5531,
 * appendix A). The primary group is still the one the call says, as rpc.mountd's --manage-gids has it; somebody unknown
 * here has no other.
 */
import type { Caller } from '../caller.ts'
import { RpcRejection } from '../rpc/program.ts'
import { groupsLifeMs, groupsRetryMs, lookupsMax, usersMax } from './limits.ts'

/** A user's groups; null if there is no such user. Rejects if that cannot be found out. */
export type GroupLookup = (uid: number) => Promise<readonly number[] | null>

interface Entry {
  readonly gids: readonly number[]
  /** Of the monotonic clock. */
  readonly expires_ms: number
}

/** A user's groups for another thread, and for how long it may use them. */
export interface GroupLease {
  readonly gids: readonly number[]
  readonly life_ms: number
}

export interface UserGroupsOptions {
  /** Or a thread that knows: whoever asks it uses its answers no longer than it does. Rejects as `identify` does. */
  readonly lookup: GroupLookup | { readonly lease: (uid: number) => Promise<GroupLease> }
  /** A lookup failed: what was known before is used, else no groups. */
  readonly onFailure: (uid: number, error: unknown) => void
  /** Monotonic, in milliseconds. */
  readonly now?: () => number
}

export class UserGroups {
  readonly #lookup: UserGroupsOptions['lookup']
  readonly #onFailure: (uid: number, error: unknown) => void
  readonly #now: () => number
  /** By uid, the longest known first. */
  readonly #users = new Map<number, Entry>()
  readonly #running = new Map<number, Promise<Entry>>()
  /** The same caller with the same groups stays one object (caller.ts). */
  readonly #identified = new WeakMap<Caller, { entry: Entry; readonly caller: Caller }>()

  constructor({ lookup, onFailure, now = () => performance.now() }: UserGroupsOptions) {
    this.#lookup = lookup
    this.#onFailure = onFailure
    this.#now = now
  }

  /** Users remembered now. */
  get size(): number {
    return this.#users.size
  }

  /** The caller with its groups; at once if they are known. */
  identify(caller: Caller): Caller | Promise<Caller> {
    if (caller.flavor !== 'sys') return caller
    const entry = this.#known(caller.uid)
    if (entry !== undefined) return this.#withGroups(caller, entry)
    return this.#find(caller.uid).then((found) => this.#withGroups(caller, found))
  }

  /** For a thread that asks this one. */
  async lease(uid: number): Promise<GroupLease> {
    const { gids, expires_ms } = this.#known(uid) ?? (await this.#find(uid))
    return { gids, life_ms: expires_ms - this.#now() }
  }

  #known(uid: number): Entry | undefined {
    const entry = this.#users.get(uid)
    return entry !== undefined && this.#now() < entry.expires_ms ? entry : undefined
  }

  #find(uid: number): Promise<Entry> {
    const running = this.#running.get(uid)
    if (running !== undefined) return running
    if (this.#running.size >= lookupsMax) return Promise.reject(new RpcRejection('drop'))
    const found = this.#ask(uid)
      .then((entry) => {
        this.#remember(uid, entry)
        return entry
      })
      .finally(() => this.#running.delete(uid))
    this.#running.set(uid, found)
    return found
  }

  async #ask(uid: number): Promise<Entry> {
    const lookup = this.#lookup
    if (typeof lookup === 'object') {
      const { gids, life_ms } = await lookup.lease(uid)
      return { gids, expires_ms: this.#now() + life_ms }
    }
    try {
      const gids = (await lookup(uid)) ?? []
      return { gids, expires_ms: this.#now() + groupsLifeMs }
    } catch (error) {
      this.#onFailure(uid, error)
      return { gids: this.#users.get(uid)?.gids ?? [], expires_ms: this.#now() + groupsRetryMs }
    }
  }

  #remember(uid: number, entry: Entry): void {
    this.#users.delete(uid)
    if (this.#users.size >= usersMax) this.#users.delete(this.#users.keys().next().value!)
    this.#users.set(uid, entry)
  }

  #withGroups(caller: Caller, entry: Entry): Caller {
    const known = this.#identified.get(caller)
    if (known?.entry === entry) return known.caller
    if (known !== undefined && isSame(known.entry.gids, entry.gids)) {
      known.entry = entry
      return known.caller
    }
    const identified = { ...caller, gids: entry.gids }
    this.#identified.set(caller, { entry, caller: identified })
    return identified
  }
}

function isSame(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((gid, index) => gid === others[index])
}
