/** The NFS_ACL program, version 3: POSIX ACLs for NFS version 3, on its port. */
import type { AnyProcedureRow, RpcProgram } from '../../rpc/program.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { NFS_ACL_V3_PROCEDURES as acl, NFS_ACL_PROGRAM, NFS_ACL_V3 } from '../../xdr/generated/nfsacl.ts'
import { nullProcedure } from '../nfs3/null.ts'
import { getacl } from './getacl.ts'
import { aclReplyBytesMax } from './limits.ts'
import { setacl } from './setacl.ts'

export function createNfsAclProgram(vfs: Vfs): RpcProgram {
  const rows: readonly AnyProcedureRow[] = [
    { procedure: acl.ACLPROC3_NULL, handler: nullProcedure, idempotent: true },
    {
      procedure: acl.ACLPROC3_GETACL,
      handler: getacl(vfs),
      idempotent: true,
      replyBytesMax: () => aclReplyBytesMax,
    },
    { procedure: acl.ACLPROC3_SETACL, handler: setacl(vfs), idempotent: true, onceAtATime: true },
  ]
  return { number: NFS_ACL_PROGRAM, name: 'nfsacl', versions: new Map([[NFS_ACL_V3, rows]]) }
}
