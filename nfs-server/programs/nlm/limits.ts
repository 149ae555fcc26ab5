/** Bounds on what clients may make the lock manager keep. */
export interface LockLimits {
  /** Clients with locks, pairs of address and name. */
  readonly clientsMax: number
  /** Of these, from one address: names cost nothing. */
  readonly clientsPerAddressMax: number
  /** Locked ranges and shares. Each owner and file costs a descriptor besides. */
  readonly locksMax: number
  readonly locksPerAddressMax: number
  /** Blocked requests. */
  readonly waitersMax: number
  readonly waitersPerAddressMax: number
}

export const defaultLockLimits: LockLimits = {
  clientsMax: 1024,
  clientsPerAddressMax: 32,
  locksMax: 32_768,
  locksPerAddressMax: 8192,
  waitersMax: 4096,
  waitersPerAddressMax: 512,
}

/** How soon a blocked request is tried again that waits for somebody who does not tell us: a local program. */
export const retryMsMin = 100
export const retryMsMax = 2000
/** The same for one that waits for another client: only in case it is not told. */
export const retryForClientMs = 5000

/** Waits before each repetition of a GRANTED that nobody answered; then the lock is taken back. */
export const grantedRepeatMs: readonly number[] = [1000, 2000, 4000, 8000]
