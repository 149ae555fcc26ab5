import type { Caller } from '../../caller.ts'
import type { FileHandle, LockOwner } from '../../vfs/vfs.ts'
import type { nlm4_lock } from '../../xdr/generated/nlm.ts'
import type { LockClient, LockPeer } from './lock-client.ts'

/** A lock that somebody wants, as the call said it. Its bytes are its own: it may outlive the call. */
export interface LockRequest {
  readonly client: LockClient
  readonly peer: LockPeer
  readonly caller: Caller
  readonly owner: LockOwner
  readonly ownerKey: string
  readonly exclusive: boolean
  readonly alock: nlm4_lock
}

/** A request that waits until what is in the way is gone, or (granting) until the client knows that it is. */
export interface Waiter {
  readonly request: LockRequest
  readonly cookie: Uint8Array
  state: 'waiting' | 'granting' | 'over'
  /** The owner in the way, if it is one of ours. */
  blockedBy: string | undefined
  /** Whether the owner held something in the file when it began to wait. */
  readonly heldBefore: boolean
  delay_ms: number
  /** Of the monotonic clock. */
  next_ms: number
}

export interface Holding {
  readonly client: LockClient
  readonly caller: Caller
  readonly owner: LockOwner
  ranges: number
}

/** What is held and waited for in one file. Work on it is done in order, one piece at a time. */
export class LockedFile {
  readonly handle: FileHandle
  readonly holdings = new Map<string, Holding>()
  waiters: Waiter[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #pending = 0

  constructor(handle: FileHandle) {
    this.handle = handle
  }

  get isUnused(): boolean {
    return this.#pending === 0 && this.holdings.size === 0 && this.waiters.length === 0
  }

  async inOrder<T>(work: () => Promise<T>): Promise<T> {
    this.#pending++
    const done = this.#tail.then(work)
    this.#tail = done.catch(() => {})
    try {
      return await done
    } finally {
      this.#pending--
    }
  }
}

/** Whether a request is repeated, or a CANCEL means this one. */
export function isSameRequest(one: LockRequest, other: LockRequest): boolean {
  return (
    one.ownerKey === other.ownerKey &&
    one.exclusive === other.exclusive &&
    one.alock.l_offset === other.alock.l_offset &&
    one.alock.l_len === other.alock.l_len
  )
}
