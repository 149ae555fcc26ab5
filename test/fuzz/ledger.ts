/** Calls that wait for their answers, what the answers were, and what was wrong with them. */

import { XdrReader } from '../../nfs-server/xdr/reader.ts'
import type { Target } from './catalogue.ts'
import type { KnownHandle } from './handle-pool.ts'
import { type Circumstances, judge, remoteCalls, type Verdict } from './judge.ts'
import { learn, liveHandlesIn } from './learning.ts'
import type { FuzzRecord } from './records.ts'
import type { Tally } from './tally.ts'
import type { World } from './world.ts'

/** Something that the server did wrong. */
export interface Finding {
  /** Of the record, to be sent again; -1 if it was none in particular. */
  readonly index: number
  readonly what: string
  readonly where: string
  /** The message without its record mark. */
  readonly hex: string
}

export interface Pending {
  readonly record: FuzzRecord
  readonly how: Circumstances
  readonly args: unknown
  readonly live: readonly KnownHandle[]
  readonly sent_ms: number
  /** Answers still to come. */
  left: number
  first: Buffer | undefined
}

const findingsMax = 50
/** One of a kind is enough to look into, a few help. */
const alikeMax = 3
const hexBytesMax = 4096
/** Their repetition must get the first reply again (RFC 1813, section 4.5). */
const answeredOnce = /^NFSPROC3_(SETATTR|CREATE|MKDIR|SYMLINK|MKNOD|REMOVE|RMDIR|RENAME|LINK)$/
const gone = ['NFS3ERR_STALE', 'NFS3ERR_BADHANDLE']

export class Ledger {
  readonly findings: Finding[] = []
  readonly #world: World
  readonly #tally: Tally

  constructor(world: World, tally: Tally) {
    this.#world = world
    this.#tally = tally
  }

  report(what: string, record?: FuzzRecord): void {
    const alike = this.findings.filter((finding) => finding.what === what).length
    if (alike >= alikeMax || this.findings.length >= findingsMax) return
    const where = record === undefined ? '' : `${record.origin}, ${record.service} ${record.transport}`
    const hex = record?.message.subarray(0, hexBytesMax).toString('hex') ?? ''
    this.findings.push({ index: record?.index ?? -1, what, where, hex })
  }

  /** Counts a record that is sent so that no answer is due. */
  openBroken({ origin, transport }: FuzzRecord): void {
    const tally = this.#tally
    tally.sent++
    tally.byOrigin[origin]++
    tally.byTransport[transport]++
    tally.unanswerable++
  }

  /** Counts the record; the answer that is to be waited for, if any. */
  open(record: FuzzRecord, how: Circumstances): Pending | undefined {
    const { expectation, origin } = record
    const tally = this.#tally
    tally.sent++
    tally.byOrigin[origin]++
    tally.byTransport[record.transport]++
    if (record.fragments !== undefined && record.transport === 'tcp') tally.fragmented++
    if (record.isRepeated) tally.repeated++
    const target = 'target' in expectation ? expectation.target : undefined
    if (target !== undefined) tally.line(target).named++
    const isDropped = how.transport === 'udp' && expectation.kind === 'result' && isRemoteCall(target)
    if (expectation.kind === 'nothing' || isDropped) {
      tally.unanswerable++
      return undefined
    }
    const args = expectation.kind === 'result' ? this.#decode(record, expectation) : undefined
    const live = args === undefined ? [] : liveHandlesIn(this.#world, args)
    const left = record.isRepeated ? 2 : 1
    return { record, how, args, live, sent_ms: performance.now(), left, first: undefined }
  }

  #decode(record: FuzzRecord, { target, argumentsStart }: { target: Target; argumentsStart: number }) {
    try {
      return target.codec.decodeArguments(new XdrReader(record.message.subarray(argumentsStart)))
    } catch (error) {
      this.report(`our decoder refuses what the grammar has: ${error}`, record)
      return undefined
    }
  }

  /** Judges a reply; true if no more is due to that call. */
  close(pending: Pending, reply: Buffer): boolean {
    const { record, how, args, live } = pending
    const verdict = judge(record.expectation, reply, how)
    if (verdict.wrong !== undefined) this.report(verdict.wrong, record)
    if (pending.first === undefined) this.#count(pending, verdict)
    else this.#compare(pending, reply, verdict)
    pending.first ??= Buffer.from(reply)
    if (gone.includes(verdict.outcome) && live.length === 1) {
      this.#world.handles.becameStale(live[0]!.bytes, record.random)
    }
    if (verdict.isOk) learn(this.#world, args, verdict.result, live[0]?.place ?? -1, record.random)
    pending.left--
    return pending.left === 0
  }

  #count({ record: { expectation }, live }: Pending, { outcome, isOk, result }: Verdict): void {
    const tally = this.#tally
    tally.answered++
    if (!('target' in expectation)) {
      tally.countElsewhere(outcome)
      return
    }
    const line = tally.line(expectation.target)
    line.outcomes.set(outcome, (line.outcomes.get(outcome) ?? 0) + 1)
    if (expectation.kind !== 'result' || (result === undefined && !isOk)) return
    line.ran++
    if (isOk) line.ok++
    if (live.length === 0 || gone.includes(outcome)) return
    line.live++
    if (isOk) line.liveOk++
  }

  #compare({ record, first }: Pending, reply: Buffer, { outcome }: Verdict): void {
    const { expectation } = record
    if (expectation.kind !== 'result' || !answeredOnce.test(expectation.target.name)) return
    if (outcome === 'NFS3ERR_JUKEBOX' || first!.equals(reply)) return
    this.report(
      `repeated, and answered differently: ${first!.toString('hex')} and ${reply.toString('hex')}`,
      record,
    )
  }
}

function isRemoteCall(target: Target | undefined): boolean {
  return target !== undefined && remoteCalls.includes(target.name)
}
