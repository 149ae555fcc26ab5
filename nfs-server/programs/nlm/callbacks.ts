import type { nlm4_stats, nlm4_testargs } from '../../xdr/generated/nlm.ts'
import type { Procedure } from '../../xdr/procedure.ts'
import type { LockPeer } from './lock-client.ts'

/** Calls to the lock manager of a client. None of them fails: who does not answer has not answered. */
export interface LockCallbacks {
  /** What the client says to being granted a lock; undefined if it does not answer. */
  granted(peer: LockPeer, args: nlm4_testargs): Promise<nlm4_stats | undefined>
  /** The result of a call that came as a message (TEST_MSG and its like). */
  respond<Result>(peer: LockPeer, procedure: Procedure<Result, undefined>, result: Result): void
}
