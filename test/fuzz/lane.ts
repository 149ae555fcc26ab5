/** A way on which records go to the server: one connection, or one UDP socket. */

import type { Circumstances } from './judge.ts'
import type { Ledger, Pending } from './ledger.ts'
import type { FuzzRecord } from './records.ts'

/** Against a server that hangs; generous, because the machine may be busy. */
const answerMsMax = 120_000

export abstract class Lane {
  readonly ledger: Ledger
  readonly how: Circumstances
  readonly #depth: number
  readonly #pending = new Map<number, Pending>()
  #room: (() => void) | undefined
  #idle: (() => void) | undefined

  protected constructor(ledger: Ledger, how: Circumstances, depth: number) {
    this.ledger = ledger
    this.how = how
    this.#depth = depth
  }

  /** Resolves when another record may be sent. */
  async send(record: FuzzRecord): Promise<void> {
    const pending = this.ledger.open(record, this.how)
    if (pending !== undefined) this.#pending.set(record.index, pending)
    await this.transmit(record)
    if (record.isRepeated) await this.transmit(record)
    while (this.#pending.size >= this.#depth) {
      await new Promise<void>((resolve) => {
        this.#room = resolve
      })
    }
  }

  protected abstract transmit(record: FuzzRecord): Promise<void>
  abstract close(): void

  protected received(reply: Buffer): void {
    const index = reply.length < 4 ? -1 : reply.readUInt32BE(0)
    const pending = this.#pending.get(index)
    if (pending === undefined) this.unexpected(index, reply)
    else if (this.ledger.close(pending, reply)) this.#settle(index)
  }

  protected unexpected(index: number, reply: Buffer): void {
    this.ledger.report(
      `an answer that nobody asked for, xid ${index}: ${reply.subarray(0, 64).toString('hex')}`,
    )
  }

  protected get waiting(): Iterable<Pending> {
    return this.#pending.values()
  }

  /** What waits here is never answered. */
  protected failed(why: string): void {
    for (const [index, { record }] of this.#pending) {
      this.ledger.report(`${why} before an answer`, record)
      this.#settle(index)
    }
  }

  #settle(index: number): void {
    this.#pending.delete(index)
    if (this.#pending.size < this.#depth) this.#room?.()
    if (this.#pending.size === 0) this.#idle?.()
  }

  /** Reports what waits for too long, and gives it up. */
  sweep(): void {
    const now = performance.now()
    for (const [index, { record, sent_ms }] of this.#pending) {
      if (now - sent_ms < answerMsMax) continue
      this.ledger.report(`no answer in ${answerMsMax / 1000} s`, record)
      this.#settle(index)
    }
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
  }
}
