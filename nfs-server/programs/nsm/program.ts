/** The status monitor, version 1: one row per procedure. */
import type { RpcCall, RpcProgram } from '../../rpc/program.ts'
import { SM_PROG, SM_VERS, SM_VERS_PROCEDURES as sm, type stat_chge } from '../../xdr/generated/nsm.ts'
import { mon } from './mon.ts'
import { notify } from './notify.ts'
import type { NsmContext } from './nsm-context.ts'
import { simuCrash } from './simu-crash.ts'
import { stat } from './stat.ts'
import { unmon } from './unmon.ts'

const idempotent = true

export function createNsmProgram(context: NsmContext): RpcProgram {
  const forget = (_: unknown, call: RpcCall) => unmon(context, call)
  return {
    number: SM_PROG,
    name: 'nsm',
    versions: new Map([
      [
        SM_VERS,
        [
          { procedure: sm.SM_NULL, handler: () => undefined, idempotent },
          { procedure: sm.SM_STAT, handler: () => stat(context), idempotent },
          { procedure: sm.SM_MON, handler: (_: unknown, call: RpcCall) => mon(context, call), idempotent },
          { procedure: sm.SM_UNMON, handler: forget, idempotent },
          { procedure: sm.SM_UNMON_ALL, handler: forget, idempotent },
          {
            procedure: sm.SM_SIMU_CRASH,
            handler: (_: unknown, call: RpcCall) => simuCrash(context, call),
            idempotent,
          },
          {
            procedure: sm.SM_NOTIFY,
            handler: (args: stat_chge, call: RpcCall) => notify(context, args, call),
            idempotent,
          },
        ],
      ],
    ]),
  }
}
