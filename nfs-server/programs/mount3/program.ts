/** MOUNT versions 1 and 3 (RFC 1813, section 5; RFC 1094, appendix A): one row per procedure. */
import type { RpcCall, RpcProgram } from '../../rpc/program.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V1,
  MOUNT_V3,
  MOUNT_V1_PROCEDURES as v1,
  MOUNT_V3_PROCEDURES as v3,
} from '../../xdr/generated/mount.ts'
import { dump } from './dump.ts'
import { exportList } from './export.ts'
import { mnt1, mnt3 } from './mnt.ts'
import type { MountContext } from './mount-context.ts'
import { umnt } from './umnt.ts'
import { umntall } from './umntall.ts'

/** All of them may run twice with the same outcome as once: the mount list is a set. */
const idempotent = true

export function createMountProgram(context: MountContext): RpcProgram {
  const nothing = () => undefined
  const list = (_: undefined, call: RpcCall) => dump(context, call)
  const forget = (path: Uint8Array, call: RpcCall) => umnt(context, path, call)
  const forgetAll = (_: undefined, call: RpcCall) => umntall(context, call)
  const exported = () => exportList(context)
  return {
    number: MOUNT_PROGRAM,
    name: 'mount',
    versions: new Map([
      [
        MOUNT_V1,
        [
          { procedure: v1.MOUNTPROC_NULL, handler: nothing, idempotent },
          {
            procedure: v1.MOUNTPROC_MNT,
            handler: (path: Uint8Array, call: RpcCall) => mnt1(context, path, call),
            idempotent,
          },
          { procedure: v1.MOUNTPROC_DUMP, handler: list, idempotent },
          { procedure: v1.MOUNTPROC_UMNT, handler: forget, idempotent },
          { procedure: v1.MOUNTPROC_UMNTALL, handler: forgetAll, idempotent },
          { procedure: v1.MOUNTPROC_EXPORT, handler: exported, idempotent },
        ],
      ],
      [
        MOUNT_V3,
        [
          { procedure: v3.MOUNTPROC3_NULL, handler: nothing, idempotent },
          {
            procedure: v3.MOUNTPROC3_MNT,
            handler: (path: Uint8Array, call: RpcCall) => mnt3(context, path, call),
            idempotent,
          },
          { procedure: v3.MOUNTPROC3_DUMP, handler: list, idempotent },
          { procedure: v3.MOUNTPROC3_UMNT, handler: forget, idempotent },
          { procedure: v3.MOUNTPROC3_UMNTALL, handler: forgetAll, idempotent },
          { procedure: v3.MOUNTPROC3_EXPORT, handler: exported, idempotent },
        ],
      ],
    ]),
  }
}
