/** What is served on the NFS port, by every thread that serves it. */
import { logRefusals, type RefusalContext } from './log-refusals.ts'
import { createNfsProgram } from './programs/nfs3/program.ts'
import { createNfsAclProgram } from './programs/nfsacl/program.ts'
import type { RpcProgram } from './rpc/program.ts'
import type { Vfs } from './vfs/vfs.ts'

export function createNfsPrograms(
  vfs: Vfs,
  refusals: RefusalContext,
): { readonly nfs: RpcProgram; readonly acl: RpcProgram } {
  return {
    nfs: logRefusals(createNfsProgram(vfs), refusals),
    acl: logRefusals(createNfsAclProgram(vfs), refusals),
  }
}
