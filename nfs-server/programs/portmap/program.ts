/** The port mapper, version 2, and rpcbind, versions 3 and 4 (RFC 1833): one row per procedure. */
import type { AnyProcedureRow, RpcCall, RpcProgram } from '../../rpc/program.ts'
import {
  type mapping,
  PMAP_VERS,
  RPCBPROG,
  RPCBVERS,
  RPCBVERS4,
  type rpcb,
  PMAP_VERS_PROCEDURES as v2,
  RPCBVERS_PROCEDURES as v3,
  RPCBVERS4_PROCEDURES as v4,
} from '../../xdr/generated/rpcbind.ts'
import type { Procedure } from '../../xdr/procedure.ts'
import { taddr2uaddr, uaddr2taddr } from './address-conversion.ts'
import { dump2, dump3 } from './dump.ts'
import { getaddr, getversaddr } from './getaddr.ts'
import { getaddrlist } from './getaddrlist.ts'
import { getport } from './getport.ts'
import { gettime } from './gettime.ts'
import { refuseAmplification } from './local-only.ts'
import type { PortmapContext } from './portmap-context.ts'
import type { Registry } from './registry.ts'
import { refuseRemoteCall } from './remote-call.ts'
import { set2, set3 } from './set.ts'
import { Statistics } from './statistics.ts'
import { unset2, unset3 } from './unset.ts'

export function createPortmapProgram(registry: Registry): RpcProgram {
  const context: PortmapContext = { registry, statistics: new Statistics() }
  const { statistics } = context

  /** SET and UNSET run twice answer differently the second time, but leave the same table. */
  function row<A, R>(procedure: Procedure<A, R>, handler: (args: A, call: RpcCall) => R): AnyProcedureRow {
    return {
      procedure,
      handler: (args: A, call: RpcCall) => {
        statistics.called(call.version, procedure.number)
        return handler(args, call)
      },
      idempotent: true,
    }
  }
  const nothing = () => undefined
  const set = (args: rpcb, call: RpcCall) => set3(context, args, call)
  const unset = (args: rpcb, call: RpcCall) => unset3(context, args, call)
  const address = (args: rpcb, call: RpcCall) => getaddr(context, args, call)
  const list = (_: undefined, call: RpcCall) => dump3(context, call)

  return {
    number: RPCBPROG,
    name: 'portmap',
    versions: new Map([
      [
        PMAP_VERS,
        [
          row(v2.PMAPPROC_NULL, nothing),
          row(v2.PMAPPROC_SET, (args: mapping, call) => set2(context, args, call)),
          row(v2.PMAPPROC_UNSET, (args: mapping, call) => unset2(context, args, call)),
          row(v2.PMAPPROC_GETPORT, (args: mapping, call) => getport(context, args, call)),
          row(v2.PMAPPROC_DUMP, (_, call) => dump2(context, call)),
          row(v2.PMAPPROC_CALLIT, refuseRemoteCall),
        ],
      ],
      [
        RPCBVERS,
        [
          row(v3.RPCBPROC_NULL, nothing),
          row(v3.RPCBPROC_SET, set),
          row(v3.RPCBPROC_UNSET, unset),
          row(v3.RPCBPROC_GETADDR, address),
          row(v3.RPCBPROC_DUMP, list),
          row(v3.RPCBPROC_CALLIT, refuseRemoteCall),
          row(v3.RPCBPROC_GETTIME, gettime),
          row(v3.RPCBPROC_UADDR2TADDR, uaddr2taddr),
          row(v3.RPCBPROC_TADDR2UADDR, taddr2uaddr),
        ],
      ],
      [
        RPCBVERS4,
        [
          row(v4.RPCBPROC_NULL, nothing),
          row(v4.RPCBPROC_SET, set),
          row(v4.RPCBPROC_UNSET, unset),
          row(v4.RPCBPROC_GETADDR, address),
          row(v4.RPCBPROC_DUMP, list),
          row(v4.RPCBPROC_BCAST, refuseRemoteCall),
          row(v4.RPCBPROC_GETTIME, gettime),
          row(v4.RPCBPROC_UADDR2TADDR, uaddr2taddr),
          row(v4.RPCBPROC_TADDR2UADDR, taddr2uaddr),
          row(v4.RPCBPROC_GETVERSADDR, (args, call) => getversaddr(context, args, call)),
          row(v4.RPCBPROC_INDIRECT, refuseRemoteCall),
          row(v4.RPCBPROC_GETADDRLIST, (args, call) => getaddrlist(context, args, call)),
          row(v4.RPCBPROC_GETSTAT, (_, call) => {
            refuseAmplification(call)
            return statistics.snapshot()
          }),
        ],
      ],
    ]),
  }
}
