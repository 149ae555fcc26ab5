import type { Vfs } from '../../vfs/vfs.ts'
import type { LockCallbacks } from './callbacks.ts'
import type { GracePeriod } from './grace.ts'
import type { LockClients } from './lock-client.ts'
import type { LockManager } from './lock-manager.ts'
import type { ShareTable } from './share-table.ts'

/** What the procedures work with. */
export interface NlmContext {
  readonly vfs: Vfs
  readonly manager: LockManager
  readonly clients: LockClients
  readonly shares: ShareTable
  readonly grace: GracePeriod
  readonly callbacks: LockCallbacks
}
