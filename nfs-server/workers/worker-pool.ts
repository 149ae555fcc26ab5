/**
 * The server's other event loops, as its own thread sees them: it gives them connections, tells them what changes, and ends
 * with any of them.
 */
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { ExportOptions } from '../exports.ts'
import type { UserGroups } from '../groups/user-groups.ts'
import { noTransport, type ThreadFigures } from '../metrics/metrics.ts'
import type { RefusalLog } from '../refusal-log.ts'
import type { Accepted, Descriptor } from '../rpc/acceptor.ts'
import { plainAddress } from '../rpc/connection.ts'
import type { RpcLimits } from '../rpc/limits.ts'
import type { Elsewhere } from '../rpc/listener.ts'
import type { LoopsAwake } from '../rpc/loops-awake.ts'
import { announceProcessEnd, type Core } from '../vfs/native-core.ts'
import type { CallFailure, FromWorker, ToWorker, WorkerStart } from './messages.ts'

/** A worker that had no memory for a connection is given no other for so long, if there is anybody else. */
const fullMs = 1000
/** Who has done its work is waited for so long, and then ends by itself. */
const exitWaitMs = 3000

export interface WorkerPoolOptions {
  /** Besides the server's own thread. */
  readonly count: number
  /** Open as long as there are workers. */
  readonly core: Core
  /** Of each worker. */
  readonly limits: RpcLimits
  readonly loops: LoopsAwake
  readonly exports: readonly ExportOptions[]
  readonly hasReplyCache: boolean
  readonly groups: UserGroups | undefined
  readonly refusals: RefusalLog
  readonly onHandlerError: (failure: CallFailure) => void
  /** A worker has died: the others, and the server, must not go on. */
  readonly onDeath: (error: unknown) => void
}

export class WorkerPool implements Elsewhere {
  readonly #members: readonly Member[]

  private constructor(options: WorkerPoolOptions) {
    this.#members = Array.from({ length: options.count }, (_, index) => new Member(index + 1, options))
  }

  /** Resolves when all of them can be given connections. */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    announceProcessEnd()
    const pool = new WorkerPool(options)
    try {
      await Promise.all(pool.#members.map((member) => member.ready))
    } catch (error) {
      await pool.drain(0)
      throw error
    }
    return pool
  }

  /** Each connection goes where there are the fewest and room; where there are as many, it stays here. */
  take({ descriptor, address }: Accepted, here: number, gone: () => void): boolean {
    if (descriptor === undefined) return false
    let least: Member | undefined
    for (const member of this.#members) {
      if (!member.hasRoom) continue
      if (least === undefined || member.connections < least.connections) least = member
    }
    if (least === undefined || least.connections >= here) return false
    least.give(descriptor, plainAddress(address), gone)
    return true
  }

  /** The exports that refusals are explained by; the core has them already. */
  setExports(exports: readonly ExportOptions[]): void {
    for (const member of this.#members) member.send({ kind: 'exports', exports })
  }

  figures(): Promise<readonly ThreadFigures[]> {
    return Promise.all(this.#members.map((member) => member.figures()))
  }

  /** As RpcListener.drain, and ends them; resolves to how many calls were cut off. */
  async drain(deadlineMs: number): Promise<number> {
    const cutOff = await Promise.all(this.#members.map((member) => member.drain(deadlineMs)))
    return cutOff.reduce((sum, calls) => sum + calls, 0)
  }
}

/** One worker. */
class Member {
  readonly ready: Promise<void>
  readonly #worker: Worker
  readonly #options: WorkerPoolOptions
  /** By address, what is to be called when one of its connections has ended. */
  readonly #gone = new Map<string, (() => void)[]>()
  /** Connections that the worker has not taken yet, oldest first. */
  readonly #given: Descriptor[] = []
  readonly #asked = new Map<number, (figures: ThreadFigures) => void>()
  readonly #exited: Promise<void>
  #questions = 0
  #isReady: () => void = () => {}
  #drained: ((cutOff: number) => void) | undefined
  #last: ThreadFigures | undefined
  #isUp = false
  #isServing = false
  #fullUntil_ms = 0
  #hasDied = false
  connections = 0

  constructor(number: number, options: WorkerPoolOptions) {
    this.#options = options
    const { exports, hasReplyCache, limits, groups, loops } = options
    const core = options.core.share().shared
    const start: WorkerStart = {
      ...{ core, limits, exports, hasReplyCache },
      loops: loops.memory,
      manageGids: groups !== undefined,
    }
    this.#worker = new Worker(entry(), {
      name: `fsva-worker-${number}`,
      workerData: start,
      // Descriptors come from elsewhere.
      trackUnmanagedFds: false,
      ...(isProgramOnCommandLine() && { execArgv: [] }),
    })
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve
      this.#worker.once('error', reject)
      this.#worker.once('exit', () => reject(new Error('a worker ended before it began')))
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve())
    })
    this.#worker.on('message', (message: FromWorker) => this.#heard(message))
    this.#worker.on('error', (error) => this.#died(error))
    this.#worker.on('exit', (code) => {
      this.#died(endedByItself(code))
      // All that it has said has been heard.
      for (const { fd } of this.#given.splice(0)) closeSync(fd)
    })
  }

  /** It can be given connections. */
  get hasRoom(): boolean {
    return this.#isServing && performance.now() >= this.#fullUntil_ms
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  give(connection: Descriptor, address: string, gone: () => void): void {
    this.connections++
    const others = this.#gone.get(address)
    if (others === undefined) this.#gone.set(address, [gone])
    else others.push(gone)
    this.#given.push(connection)
    this.send({ kind: 'connection', connection })
  }

  figures(): Promise<ThreadFigures> {
    if (this.#last !== undefined) return Promise.resolve(this.#last)
    const number = ++this.#questions
    return new Promise((resolve) => {
      this.#asked.set(number, resolve)
      this.send({ kind: 'count', number })
    })
  }

  drain(deadlineMs: number): Promise<number> {
    this.#isServing = false
    if (this.#hasDied) return Promise.resolve(0)
    return new Promise((resolve) => {
      this.#drained = resolve
      this.send({ kind: 'drain', deadlineMs })
    })
  }

  #heard(message: FromWorker): void {
    const { groups, refusals, onHandlerError } = this.#options
    switch (message.kind) {
      case 'ready':
        this.#isUp = true
        this.#isServing = true
        this.#isReady()
        break
      case 'taken':
        this.#given.shift()
        break
      case 'gone':
        if (message.refused) this.#fullUntil_ms = performance.now() + fullMs
        this.#connectionGone(message.address)
        break
      case 'refusals':
        for (const { refusal, key, times } of message.refusals.counted) refusals.report(refusal, key, times)
        refusals.reportOthers(message.refusals.others)
        break
      case 'failed':
        onHandlerError(message.failure)
        break
      case 'groups':
        if (groups !== undefined) void this.#lookUp(groups, message.uid)
        break
      case 'figures':
        this.#asked.get(message.number)?.(message.figures)
        this.#asked.delete(message.number)
        break
      case 'drained':
        void this.#ended(message)
        break
      case 'ending':
        this.#isServing = false
        if (!message.hasError) this.#died(endedByItself(message.code))
        break
    }
  }

  #connectionGone(address: string): void {
    this.connections--
    const waiting = this.#gone.get(address)
    waiting?.pop()?.()
    if (waiting?.length === 0) this.#gone.delete(address)
  }

  async #lookUp(groups: UserGroups, uid: number): Promise<void> {
    const lease = await groups.lease(uid).catch(() => undefined)
    this.send({ kind: 'groups', uid, lease })
  }

  async #ended({ cutOff, running, figures }: FromWorker & { kind: 'drained' }): Promise<void> {
    this.#hasCounted(figures)
    this.send({ kind: 'end' })
    // What hangs in a file system holds up nobody but the thread.
    if (running === 0) await Promise.race([this.#exited, sleep(exitWaitMs, undefined, { ref: false })])
    this.#worker.unref()
    this.#drained?.(cutOff)
  }

  #died(error: unknown): void {
    // One that has ended its work may die as it likes.
    if (this.#hasDied || this.#last !== undefined) return
    this.#hasDied = true
    this.#isServing = false
    this.#hasCounted(nothing)
    this.#drained?.(0)
    // Before that it is the start that fails.
    if (this.#isUp) this.#options.onDeath(error)
  }

  /** For the last time. */
  #hasCounted(figures: ThreadFigures): void {
    this.#last = figures
    for (const resolve of this.#asked.values()) resolve(figures)
    this.#asked.clear()
  }
}

const nothing: ThreadFigures = { transport: noTransport, procedures: [] }

function endedByItself(code: number): Error {
  return new Error(`a worker has ended by itself (exit code ${code})`)
}

/** `node --input-type=module -e ...`: Node refuses to read a file with these options, and a worker would inherit them. */
function isProgramOnCommandLine(): boolean {
  return process.execArgv.some((option) => option.startsWith('--input-type'))
}

/** The source, or in a published package what was made of it: as this file. */
function entry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
}
