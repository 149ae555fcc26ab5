/** NLM versions 1, 3 and 4: one row per procedure. Version 4's procedures do the work of all. */
import type { AnyProcedureRow, RpcCall, RpcProgram } from '../../rpc/program.ts'
import {
  NLM_PROG,
  NLM_VERS,
  NLM_VERSX,
  NLM4_VERS,
  type nlm_lockargs,
  type nlm_shareargs,
  type nlm_testargs,
  type nlm_unlockargs,
  NLM_VERS_PROCEDURES as v1,
  NLM_VERSX_PROCEDURES as v3,
  NLM4_VERS_PROCEDURES as v4,
} from '../../xdr/generated/nlm.ts'
import type { Procedure } from '../../xdr/procedure.ts'
import { cancel } from './cancel.ts'
import { freeAll } from './free-all.ts'
import { granted } from './granted.ts'
import { lock } from './lock.ts'
import type { NlmContext } from './nlm-context.ts'
import { nmLock } from './nm-lock.ts'
import { share } from './share.ts'
import { test } from './test.ts'
import { unlock } from './unlock.ts'
import { unshare } from './unshare.ts'
import { argumentsFrom, resultFor, shareResultFor, testResultFor } from './version-3.ts'

type Handler<Arguments, Result> = (args: Arguments, call: RpcCall) => Result | Promise<Result>

/** A lock taken twice by its owner is one lock, and one given back twice is gone. */
function row<A, R>(procedure: Procedure<A, R>, handler: Handler<A, R>): AnyProcedureRow {
  return { procedure, handler, idempotent: true }
}

const ignored = () => undefined

export function createNlmProgram(context: NlmContext): RpcProgram {
  /** The same as a message: the reply says nothing, the result goes to the client's lock manager as a call. */
  const message = <A, R>(
    procedure: Procedure<A, undefined>,
    result: Procedure<R, undefined>,
    handler: Handler<A, R>,
  ) =>
    row(procedure, async (args, call) => {
      const { caller, localAddress, transport, version } = call
      const answer = await handler(args, call)
      context.callbacks.respond({ address: caller.address, localAddress, transport, version }, result, answer)
      return undefined
    })

  const bind = <A, R>(procedure: (context: NlmContext, args: A, call: RpcCall) => R) => {
    return (args: A, call: RpcCall) => procedure(context, args, call)
  }
  const four = {
    test: bind(test),
    lock: bind(lock),
    cancel: bind(cancel),
    unlock: bind(unlock),
    share: bind(share),
    unshare: bind(unshare),
    nmLock: bind(nmLock),
    freeAll: bind(freeAll),
  }
  const before = {
    test: async (args: nlm_testargs, call: RpcCall) =>
      testResultFor(await four.test(argumentsFrom(args), call)),
    lock: async (args: nlm_lockargs, call: RpcCall) => resultFor(await four.lock(argumentsFrom(args), call)),
    cancel: async (args: nlm_testargs & { readonly block: boolean }, call: RpcCall) =>
      resultFor(await four.cancel(argumentsFrom(args), call)),
    unlock: async (args: nlm_unlockargs, call: RpcCall) =>
      resultFor(await four.unlock(argumentsFrom(args), call)),
    granted: (args: nlm_testargs) => resultFor(granted(args)),
    share: async (args: nlm_shareargs, call: RpcCall) => shareResultFor(await four.share(args, call)),
    unshare: (args: nlm_shareargs, call: RpcCall) => shareResultFor(four.unshare(args, call)),
    nmLock: async (args: nlm_lockargs, call: RpcCall) =>
      resultFor(await four.nmLock(argumentsFrom(args), call)),
  }
  return {
    number: NLM_PROG,
    name: 'nlm',
    versions: new Map([
      [
        NLM_VERS,
        [
          row(v1.NLM_NULL, ignored),
          row(v1.NLM_TEST, before.test),
          row(v1.NLM_LOCK, before.lock),
          row(v1.NLM_CANCEL, before.cancel),
          row(v1.NLM_UNLOCK, before.unlock),
          row(v1.NLM_GRANTED, before.granted),
          message(v1.NLM_TEST_MSG, v1.NLM_TEST_RES, before.test),
          message(v1.NLM_LOCK_MSG, v1.NLM_LOCK_RES, before.lock),
          message(v1.NLM_CANCEL_MSG, v1.NLM_CANCEL_RES, before.cancel),
          message(v1.NLM_UNLOCK_MSG, v1.NLM_UNLOCK_RES, before.unlock),
          message(v1.NLM_GRANTED_MSG, v1.NLM_GRANTED_RES, before.granted),
          row(v1.NLM_TEST_RES, ignored),
          row(v1.NLM_LOCK_RES, ignored),
          row(v1.NLM_CANCEL_RES, ignored),
          row(v1.NLM_UNLOCK_RES, ignored),
          row(v1.NLM_GRANTED_RES, ignored),
        ],
      ],
      [
        NLM_VERSX,
        [
          row(v3.NLM3_NULL, ignored),
          row(v3.NLM3_TEST, before.test),
          row(v3.NLM3_LOCK, before.lock),
          row(v3.NLM3_CANCEL, before.cancel),
          row(v3.NLM3_UNLOCK, before.unlock),
          row(v3.NLM3_GRANTED, before.granted),
          message(v3.NLM3_TEST_MSG, v3.NLM3_TEST_RES, before.test),
          message(v3.NLM3_LOCK_MSG, v3.NLM3_LOCK_RES, before.lock),
          message(v3.NLM3_CANCEL_MSG, v3.NLM3_CANCEL_RES, before.cancel),
          message(v3.NLM3_UNLOCK_MSG, v3.NLM3_UNLOCK_RES, before.unlock),
          message(v3.NLM3_GRANTED_MSG, v3.NLM3_GRANTED_RES, before.granted),
          row(v3.NLM3_TEST_RES, ignored),
          row(v3.NLM3_LOCK_RES, ignored),
          row(v3.NLM3_CANCEL_RES, ignored),
          row(v3.NLM3_UNLOCK_RES, ignored),
          row(v3.NLM3_GRANTED_RES, ignored),
          ...unused,
          row(v3.NLM_SHARE, before.share),
          row(v3.NLM_UNSHARE, before.unshare),
          row(v3.NLM_NM_LOCK, before.nmLock),
          row(v3.NLM_FREE_ALL, four.freeAll),
        ],
      ],
      [
        NLM4_VERS,
        [
          row(v4.NLMPROC4_NULL, ignored),
          row(v4.NLMPROC4_TEST, four.test),
          row(v4.NLMPROC4_LOCK, four.lock),
          row(v4.NLMPROC4_CANCEL, four.cancel),
          row(v4.NLMPROC4_UNLOCK, four.unlock),
          row(v4.NLMPROC4_GRANTED, granted),
          message(v4.NLMPROC4_TEST_MSG, v4.NLMPROC4_TEST_RES, four.test),
          message(v4.NLMPROC4_LOCK_MSG, v4.NLMPROC4_LOCK_RES, four.lock),
          message(v4.NLMPROC4_CANCEL_MSG, v4.NLMPROC4_CANCEL_RES, four.cancel),
          message(v4.NLMPROC4_UNLOCK_MSG, v4.NLMPROC4_UNLOCK_RES, four.unlock),
          message(v4.NLMPROC4_GRANTED_MSG, v4.NLMPROC4_GRANTED_RES, granted),
          row(v4.NLMPROC4_TEST_RES, ignored),
          row(v4.NLMPROC4_LOCK_RES, ignored),
          row(v4.NLMPROC4_CANCEL_RES, ignored),
          row(v4.NLMPROC4_UNLOCK_RES, ignored),
          row(v4.NLMPROC4_GRANTED_RES, ignored),
          ...unused,
          row(v4.NLMPROC4_SHARE, four.share),
          row(v4.NLMPROC4_UNSHARE, four.unshare),
          row(v4.NLMPROC4_NM_LOCK, four.nmLock),
          row(v4.NLMPROC4_FREE_ALL, four.freeAll),
        ],
      ],
    ]),
  }
}

/** Procedures 16 to 19. */
const unused = [undefined, undefined, undefined, undefined] as const
