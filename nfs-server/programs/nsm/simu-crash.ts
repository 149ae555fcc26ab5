import type { RpcCall } from '../../rpc/program.ts'
import { requireLocal } from './local-only.ts'
import type { NsmContext } from './nsm-context.ts'

/** Everybody's locks are gone, everybody is told, and a grace period begins. */
export async function simuCrash({ simulateCrash }: NsmContext, call: RpcCall): Promise<undefined> {
  requireLocal(call)
  await simulateCrash()
}
