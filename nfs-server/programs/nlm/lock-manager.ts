/**
 * Who holds which locks and who waits for one. The locks themselves are the Vfs's, which knows of those of programs that
 * never come here; it never waits, so what is blocked is tried again: as soon as a client gives something back, and
 * every now and then for the sake of what nobody tells.
 */
import type { RpcCall } from '../../rpc/program.ts'
import { errno } from '../../vfs/errno.ts'
import type { LockHolder, Vfs } from '../../vfs/vfs.ts'
import {
  type nlm4_lock,
  nlm4_stats,
  type nlm4_testargs,
  type nlm4_testrply,
} from '../../xdr/generated/nlm.ts'
import type { LockCallbacks } from './callbacks.ts'
import { isDeadlock } from './deadlock.ts'
import type { GracePeriod } from './grace.ts'
import { grantedRepeatMs, retryForClientMs, retryMsMax, retryMsMin } from './limits.ts'
import type { LockClient, LockClients } from './lock-client.ts'
import { isSameRequest, LockedFile, type LockRequest, type Waiter } from './locked-file.ts'
import { keyOf, lockOwner, ownerNames } from './owner.ts'
import { statusFromErrno } from './status.ts'

export interface LockManagerOptions {
  readonly vfs: Vfs
  readonly grace: GracePeriod
  readonly clients: LockClients
  readonly callbacks: LockCallbacks
  /**
   * `monitor` remembers, before a client gets its first lock, that it is to be told of a restart. False: that could not be
   * written down, so its locks would be lost unnoticed.
   */
  readonly isMonitored: (client: LockClient) => boolean
  readonly monitor: (client: LockClient, localAddress: string) => Promise<boolean>
  /** A client's lock is gone for good: after a restart somebody else had it when the client wanted it back. */
  readonly onLost: (client: LockClient) => void
}

/** Whether the client is to be told of a restart (LOCK), or does without (NM_LOCK). */
export type Monitoring = 'monitored' | 'unmonitored'

const wholeFile = { offset: 0n, length: 0n }

export class LockManager {
  readonly #options: LockManagerOptions
  readonly #files = new Map<string, LockedFile>()
  readonly #timer: NodeJS.Timeout
  #isClosed = false
  /** Locks that clients have taken back after a restart. */
  reclaimed = 0

  constructor(options: LockManagerOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#retryDue(), retryMsMin).unref()
  }

  async test(call: RpcCall, exclusive: boolean, alock: nlm4_lock): Promise<nlm4_testrply> {
    const { vfs, grace } = this.#options
    if (grace.isActive) return { stat: nlm4_stats.NLM4_DENIED_GRACE_PERIOD }
    const owner = lockOwner(call.caller.address, alock)
    const range = { offset: alock.l_offset, length: alock.l_len }
    const result = await vfs.testLock?.(call.caller, alock.fh, owner, range, exclusive)
    if (result === undefined) return { stat: nlm4_stats.NLM4_DENIED_NOLOCKS }
    const stat = statusFromErrno(result.status)
    if (stat !== nlm4_stats.NLM4_DENIED) return { stat }
    return { stat, holder: holderOnWire(result.holder ?? { ...wholeFile, ...unknownHolder }) }
  }

  async lock(
    call: RpcCall,
    exclusive: boolean,
    alock: nlm4_lock,
    how: { readonly block: boolean; readonly reclaim: boolean; readonly cookie: Uint8Array },
    monitoring: Monitoring = 'monitored',
  ): Promise<nlm4_stats> {
    const { vfs, grace, clients } = this.#options
    if (!grace.admits(call.caller.address, how.reclaim)) return nlm4_stats.NLM4_DENIED_GRACE_PERIOD
    const request = this.#request(call, exclusive, alock)
    if (vfs.lock === undefined || request === undefined) return nlm4_stats.NLM4_DENIED_NOLOCKS
    const { client } = request
    client.calls++
    try {
      if (!clients.mayLock(client)) return nlm4_stats.NLM4_DENIED_NOLOCKS
      if (monitoring === 'monitored') {
        const status = await this.#monitor(request)
        if (status !== nlm4_stats.NLM4_GRANTED) return status
      }
      if (how.reclaim) return await this.#reclaim(request)
      return await this.#lockOrWait(request, how)
    } finally {
      client.calls--
    }
  }

  /** Only for who may use the file: strangers get nothing written down. */
  async #monitor({ client, peer, caller, alock }: LockRequest): Promise<nlm4_stats> {
    const { vfs, isMonitored, monitor } = this.#options
    if (!isMonitored(client)) {
      const { status } = await vfs.getattr(caller, alock.fh)
      if (status !== errno.OK) return statusFromErrno(status)
    }
    const isSaved = await monitor(client, peer.localAddress)
    return isSaved ? nlm4_stats.NLM4_GRANTED : nlm4_stats.NLM4_DENIED_NOLOCKS
  }

  /**
   * The client does not ask twice, and goes on as if it had the lock. So a program of this machine that came in between
   * is waited for.
   */
  #reclaim(request: LockRequest): Promise<nlm4_stats> {
    const { grace, onLost } = this.#options
    return this.#inOrder(request.alock.fh, async (file) => {
      for (;;) {
        const { status, holder } = await this.#attempt(file, request)
        if (status === errno.OK) this.reclaimed++
        if (status !== errno.EAGAIN) return statusFromErrno(status)
        if (holder?.owner !== undefined || !grace.hasTimeToSpare || this.#isClosed) {
          onLost(request.client)
          return nlm4_stats.NLM4_DENIED
        }
        await new Promise((resolve) => setTimeout(resolve, retryMsMin))
      }
    })
  }

  #lockOrWait(
    request: LockRequest,
    how: { readonly block: boolean; readonly cookie: Uint8Array },
  ): Promise<nlm4_stats> {
    return this.#inOrder(request.alock.fh, async (file) => {
      const again = file.waiters.find((waiter) => isSameRequest(waiter.request, request))
      const result = await this.#attempt(file, request)
      if (result.status === errno.OK) {
        if (again !== undefined) this.#forget(file, again)
        return nlm4_stats.NLM4_GRANTED
      }
      if (result.status !== errno.EAGAIN || !how.block) return statusFromErrno(result.status)
      if (again !== undefined) return nlm4_stats.NLM4_BLOCKED
      return await this.#wait(file, request, how.cookie, result.holder)
    })
  }

  async unlock(call: RpcCall, alock: nlm4_lock): Promise<nlm4_stats> {
    const owner = lockOwner(call.caller.address, alock)
    const ownerKey = keyOf(owner)
    return await this.#inOrder(alock.fh, async (file) => {
      // The client has given up what it has not heard of yet.
      for (const waiter of file.waiters) {
        if (waiter.state === 'granting' && waiter.request.ownerKey === ownerKey) this.#forget(file, waiter)
      }
      const range = { offset: alock.l_offset, length: alock.l_len }
      return statusFromErrno(await this.#release(file, ownerKey, range))
    })
  }

  /** GRANTED: the request does not wait any more and has not got the lock. DENIED: there was none. */
  async cancel(call: RpcCall, exclusive: boolean, alock: nlm4_lock): Promise<nlm4_stats> {
    const request = this.#request(call, exclusive, alock)
    if (request === undefined) return nlm4_stats.NLM4_DENIED
    return await this.#inOrder(alock.fh, async (file) => {
      const waiter = file.waiters.find((known) => isSameRequest(known.request, request))
      if (waiter === undefined) return nlm4_stats.NLM4_DENIED
      await this.#takeBack(file, waiter)
      return nlm4_stats.NLM4_GRANTED
    })
  }

  /** Lets go of everything that the client holds and waits for. */
  async freeClient(client: LockClient): Promise<void> {
    const working: Promise<void>[] = []
    for (const { handle } of this.#files.values()) {
      working.push(
        this.#inOrder(handle, async (file) => {
          for (const waiter of file.waiters.filter((known) => known.request.client === client)) {
            this.#forget(file, waiter)
          }
          for (const [ownerKey, holding] of file.holdings) {
            if (holding.client === client) await this.#release(file, ownerKey, wholeFile)
          }
        }),
      )
    }
    await Promise.all(working)
  }

  /** No more retries and callbacks. The locks go when the file system is let go of. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
  }

  /** Undefined: there are too many clients. */
  #request({ caller, localAddress, transport, version }: RpcCall, exclusive: boolean, alock: nlm4_lock) {
    const { address } = caller
    const client = this.#options.clients.findOrAdd(address, keyOf(alock.caller_name))
    if (client === undefined) return undefined
    const owner = lockOwner(address, alock)
    const { caller_name, fh, oh } = alock
    const request: LockRequest = {
      client,
      peer: { address, localAddress, transport, version },
      caller,
      owner,
      ownerKey: keyOf(owner),
      exclusive,
      alock: { ...alock, caller_name: caller_name.slice(), fh: fh.slice(), oh: oh.slice() },
    }
    return request
  }

  async #inOrder<T>(handle: Uint8Array, work: (file: LockedFile) => Promise<T>): Promise<T> {
    const key = keyOf(handle)
    let file = this.#files.get(key)
    if (file === undefined) {
      file = new LockedFile(handle.slice())
      this.#files.set(key, file)
    }
    const found = file
    try {
      return await found.inOrder(() => work(found))
    } finally {
      if (found.isUnused && this.#files.get(key) === found) this.#files.delete(key)
    }
  }

  /** One attempt to get a lock; what is held is counted. */
  async #attempt(file: LockedFile, request: LockRequest) {
    const { vfs, clients } = this.#options
    const { caller, owner, ownerKey, exclusive, alock, client } = request
    const range = { offset: alock.l_offset, length: alock.l_len }
    const result = await vfs.lock!(caller, file.handle, owner, range, exclusive)
    if (result.status !== errno.OK) return result
    const holding = file.holdings.get(ownerKey)
    clients.countLocks(client, result.held - (holding?.ranges ?? 0))
    if (holding === undefined) file.holdings.set(ownerKey, { client, caller, owner, ranges: result.held })
    else holding.ranges = result.held
    // It may have become a smaller or a weaker lock than before.
    if (holding !== undefined) this.#retrySoon(file)
    return result
  }

  async #release(file: LockedFile, ownerKey: string, range: typeof wholeFile) {
    const holding = file.holdings.get(ownerKey)
    if (holding === undefined) return errno.OK
    const result = await this.#options.vfs.unlock!(holding.caller, file.handle, holding.owner, range)
    if (result.status !== errno.OK) return result.status
    this.#options.clients.countLocks(holding.client, result.held - holding.ranges)
    holding.ranges = result.held
    if (result.held === 0) file.holdings.delete(ownerKey)
    this.#retrySoon(file)
    return errno.OK
  }

  async #wait(
    file: LockedFile,
    request: LockRequest,
    cookie: Uint8Array,
    holder: LockHolder | undefined,
  ): Promise<nlm4_stats> {
    const { clients } = this.#options
    if (!clients.mayWait(request.client)) return nlm4_stats.NLM4_DENIED_NOLOCKS
    const waiter: Waiter = {
      request,
      cookie: cookie.slice(),
      state: 'waiting',
      blockedBy: undefined,
      heldBefore: file.holdings.has(request.ownerKey),
      delay_ms: retryMsMin,
      next_ms: 0,
    }
    postpone(waiter, holder)
    if (await isDeadlock(this.#options.vfs, waiter, this.#files.values())) return nlm4_stats.NLM4_DEADLCK
    file.waiters.push(waiter)
    clients.countWaiters(request.client, 1)
    return nlm4_stats.NLM4_BLOCKED
  }

  #forget(file: LockedFile, waiter: Waiter): void {
    if (waiter.state === 'over') return
    waiter.state = 'over'
    file.waiters = file.waiters.filter((other) => other !== waiter)
    this.#options.clients.countWaiters(waiter.request.client, -1)
  }

  /** For a client that does not want it any more. Part of a lock it had before stays, rather too much than lost. */
  async #takeBack(file: LockedFile, waiter: Waiter): Promise<void> {
    const { state, heldBefore, request } = waiter
    this.#forget(file, waiter)
    if (state !== 'granting' || heldBefore) return
    const { l_offset, l_len } = request.alock
    await this.#release(file, request.ownerKey, { offset: l_offset, length: l_len })
  }

  #retryDue(): void {
    if (this.#options.clients.waiters === 0) return
    const now = performance.now()
    for (const file of this.#files.values()) {
      if (file.waiters.some((waiter) => waiter.state === 'waiting' && waiter.next_ms <= now)) {
        void this.#retry(file, now)
      }
    }
  }

  #retrySoon(file: LockedFile): void {
    if (file.waiters.length > 0) void this.#retry(file, Number.POSITIVE_INFINITY)
  }

  /** Tries what is due, first come, first served. */
  async #retry(file: LockedFile, now: number): Promise<void> {
    const due = file.waiters.filter((waiter) => waiter.state === 'waiting' && waiter.next_ms <= now)
    // Nobody else is to try them meanwhile.
    for (const waiter of due) waiter.next_ms = Number.POSITIVE_INFINITY
    await this.#inOrder(file.handle, async () => {
      for (const waiter of due) {
        if (waiter.state !== 'waiting' || this.#isClosed) continue
        const result = await this.#attempt(file, waiter.request)
        if (result.status === errno.OK) {
          waiter.state = 'granting'
          void this.#announce(file, waiter)
        } else if (result.status === errno.EAGAIN || result.status === errno.EJUKEBOX) {
          postpone(waiter, result.holder)
        } else {
          // The file is gone, or the client may not use it any more: it asks again and hears why.
          this.#forget(file, waiter)
        }
      }
    })
  }

  /** Tells the client that it has the lock, until it says that it knows or is given up. */
  async #announce(file: LockedFile, waiter: Waiter): Promise<void> {
    const { exclusive, alock, peer } = waiter.request
    const args: nlm4_testargs = { cookie: waiter.cookie, exclusive, alock }
    for (const repeat_ms of [...grantedRepeatMs, undefined]) {
      const answer = await this.#options.callbacks.granted(peer, args)
      if (waiter.state === 'over' || this.#isClosed) return
      if (answer === nlm4_stats.NLM4_GRANTED) {
        this.#forget(file, waiter)
        return
      }
      const isRefused = answer !== undefined && answer !== nlm4_stats.NLM4_DENIED_GRACE_PERIOD
      if (isRefused || repeat_ms === undefined) break
      await new Promise((resolve) => setTimeout(resolve, repeat_ms).unref())
      if ((waiter as Waiter).state === 'over' || this.#isClosed) return
    }
    await this.#inOrder(file.handle, () => this.#takeBack(file, waiter))
  }
}

function postpone(waiter: Waiter, holder: LockHolder | undefined): void {
  const owner = holder?.owner
  waiter.blockedBy = owner === undefined ? undefined : keyOf(owner)
  waiter.delay_ms = owner === undefined ? Math.min(waiter.delay_ms * 2, retryMsMax) : retryMsMin
  waiter.next_ms = performance.now() + (owner === undefined ? waiter.delay_ms : retryForClientMs)
}

const unknownHolder = { exclusive: true, owner: undefined, pid: 0 }

function holderOnWire({ offset, length, exclusive, owner, pid }: LockHolder) {
  const names = owner === undefined ? { svid: pid | 0, oh: new Uint8Array(0) } : ownerNames(owner)
  return { exclusive, ...names, l_offset: offset, l_len: length }
}
