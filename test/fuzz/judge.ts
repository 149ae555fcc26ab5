/** Compares a reply with what it has to be. */
import { XdrReader } from '../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../nfs-server/xdr/writer.ts'
import type { Target } from './catalogue.ts'
import type { Expectation } from './expectation.ts'
import { type Status, statusIn } from './legal-statuses.ts'
import { endOfValue } from './reference-decoder.ts'

/** What a reply turned out to be; `wrong` says what is wrong with it. */
export interface Verdict {
  /** Such as NFS3_OK, GARBAGE_ARGS or AUTH_BADCRED. */
  readonly outcome: string
  readonly isOk: boolean
  readonly result: unknown
  readonly wrong: string | undefined
}

/** How the call came to the server, as far as it matters to what it may ask. */
export interface Circumstances {
  readonly transport: 'tcp' | 'udp'
  readonly isReservedPort: boolean
}

const acceptNames = ['SUCCESS', 'PROG_UNAVAIL', 'PROG_MISMATCH', 'PROC_UNAVAIL', 'GARBAGE_ARGS', 'SYSTEM_ERR']
const AUTH_TOOWEAK = 5
/** Only root's programs on the server's machine may call these; all of the callers here are on that machine. */
const localOnly = ['SM_MON', 'SM_UNMON', 'SM_UNMON_ALL', 'SM_SIMU_CRASH']
const mountDumps = ['MOUNTPROC_DUMP', 'MOUNTPROC3_DUMP']
/** Calls on behalf of others are not made (programs/portmap/remote-call.ts). */
export const remoteCalls = ['PMAPPROC_CALLIT', 'RPCBPROC_CALLIT', 'RPCBPROC_BCAST', 'RPCBPROC_INDIRECT']

export function judge(expectation: Expectation, reply: Buffer, how: Circumstances): Verdict {
  const said = outcomeOf(reply)
  if (said === undefined)
    return { outcome: 'malformed', isOk: false, result: undefined, wrong: 'no reply of RPC' }
  const other = (wanted: string): Verdict => ({
    outcome: said.outcome,
    isOk: false,
    result: undefined,
    wrong: said.outcome === wanted ? undefined : `${said.outcome} instead of ${wanted}`,
  })
  switch (expectation.kind) {
    case 'nothing':
      return other('no reply')
    case 'rpc-mismatch':
      return other('RPC_MISMATCH 2 2')
    case 'auth-error':
      return other(`AUTH_ERROR ${expectation.why}`)
    case 'program-unavailable':
      return other('PROG_UNAVAIL')
    case 'program-mismatch':
      return other(`PROG_MISMATCH ${expectation.low} ${expectation.high}`)
    case 'procedure-unavailable':
      return other('PROC_UNAVAIL')
    case 'garbage-arguments':
      return other('GARBAGE_ARGS')
    case 'result': {
      const instead = refusalOf(expectation.target, how)
      if (instead !== undefined) return other(instead)
      const isTooLong = how.transport === 'udp' && said.outcome === 'SYSTEM_ERR'
      if (isTooLong && hasLongResult(expectation.target)) return other('SYSTEM_ERR')
      if (said.outcome !== 'SUCCESS') return other('SUCCESS')
      return judgeResult(expectation.target, said.results)
    }
  }
}

/** What is answered instead of a result, by design. */
function refusalOf({ name }: Target, { transport, isReservedPort }: Circumstances): string | undefined {
  if (remoteCalls.includes(name)) return 'PROC_UNAVAIL'
  if (localOnly.includes(name) && !isReservedPort) return `AUTH_ERROR ${AUTH_TOOWEAK}`
  if (mountDumps.includes(name) && transport === 'udp') return `AUTH_ERROR ${AUTH_TOOWEAK}`
  return undefined
}

/** Replies by UDP have a bound (rpc/limits.ts), which only lists and long strings can reach. */
function hasLongResult({ programName }: Target): boolean {
  return programName === 'portmap' || programName === 'mount' || programName === 'nlm'
}

function outcomeOf(reply: Buffer): { readonly outcome: string; readonly results: Buffer } | undefined {
  const words = (from: number) => (from + 4 <= reply.length ? reply.readUInt32BE(from) : -1)
  const results = reply.subarray(24)
  if (words(4) !== 1) return undefined
  if (words(8) === 1) {
    if (words(12) === 0 && reply.length === 24) {
      return { outcome: `RPC_MISMATCH ${words(16)} ${words(20)}`, results }
    }
    return words(12) === 1 && reply.length === 20
      ? { outcome: `AUTH_ERROR ${words(16)}`, results }
      : undefined
  }
  const name = acceptNames[words(20)]
  if (words(8) !== 0 || words(12) !== 0 || words(16) !== 0 || name === undefined) return undefined
  if (name === 'PROG_MISMATCH') {
    return reply.length === 32 ? { outcome: `${name} ${words(24)} ${words(28)}`, results } : undefined
  }
  return name !== 'SUCCESS' && results.length > 0 ? undefined : { outcome: name, results }
}

function judgeResult(target: Target, results: Buffer): Verdict {
  const wrong = (reason: string): Verdict => ({
    outcome: 'SUCCESS',
    isOk: false,
    result: undefined,
    wrong: reason,
  })
  const end = endOfValue(target.model, target.result, results, 0)
  if (end === undefined) return wrong('the result does not decode')
  if (end !== results.length) return wrong(`${results.length - end} bytes behind the result`)
  let result: unknown
  try {
    const reader = new XdrReader(results)
    result = target.codec.decodeResult(reader)
    reader.end()
  } catch (error) {
    return wrong(`our decoder refuses the result: ${error}`)
  }
  const writer = new XdrWriter()
  target.codec.encodeResult(writer, result)
  if (!results.equals(writer.bytes())) return wrong('the result encodes to other bytes')
  const status: Status = statusIn(target.name, result)
  const illegal = status.isLegal ? undefined : `${target.name} may not answer ${status.name}`
  return { outcome: status.name, isOk: status.isOk, result, wrong: illegal }
}
