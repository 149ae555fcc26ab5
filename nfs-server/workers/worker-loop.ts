/**
 * One of several event loops that serve the NFS port. Its own: the connections it is given and what they hold, buffers and
 * a session of the core. Everything else is the core's, or the server's thread is told or asked.
 */
import type { MessagePort } from 'node:worker_threads'
import type { ExportOptions } from '../exports.ts'
import { type GroupLease, UserGroups } from '../groups/user-groups.ts'
import { CallStatistics } from '../metrics/call-statistics.ts'
import { TransportCounters } from '../metrics/counted-accept.ts'
import type { ThreadFigures } from '../metrics/metrics.ts'
import { createNfsPrograms } from '../nfs-programs.ts'
import { RepeatLimit } from '../repeat-limit.ts'
import { takePiece } from '../rpc/buffer-pool.ts'
import { Dispatcher } from '../rpc/dispatch.ts'
import { RpcListener } from '../rpc/listener.ts'
import { HandedOver } from '../rpc/listener-handed-over.ts'
import { LoopsAwake } from '../rpc/loops-awake.ts'
import { type RpcCall, RpcRejection } from '../rpc/program.ts'
import { Core } from '../vfs/native-core.ts'
import { Replies } from '../vfs/native-replies.ts'
import { NativeVfs } from '../vfs/native-vfs.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'
import { RefusalRelay } from './refusal-relay.ts'

/** Failures of one kind that the server's thread is told of, per interval; it lets fewer into the log. */
const failuresMax = 100
const failureIntervalMs = 60_000
/** How often is looked whether what still ran at the end has come back. */
const endIntervalMs = 50

export class WorkerLoop {
  readonly #port: MessagePort
  readonly #core: Core
  readonly #vfs: NativeVfs
  readonly #replies: Replies | undefined
  readonly #handedOver = new HandedOver()
  readonly #listener: RpcListener
  readonly #dispatcher: Dispatcher
  readonly #calls = new CallStatistics()
  readonly #counters = new TransportCounters()
  readonly #refusals = new RefusalRelay((refusals) => this.#send({ kind: 'refusals', refusals }))
  readonly #repeats = new RepeatLimit(failureIntervalMs, failuresMax)
  /** Users whose groups have been asked for. */
  readonly #leases = new Map<number, PromiseWithResolvers<GroupLease>>()
  #exports: readonly ExportOptions[]

  constructor(port: MessagePort, start: WorkerStart) {
    this.#port = port
    this.#exports = start.exports
    this.#core = new Core({ shared: start.core })
    this.#vfs = new NativeVfs(this.#core, takePiece)
    this.#replies = start.hasReplyCache ? new Replies(this.#core) : undefined
    this.#listener = new RpcListener({
      limits: start.limits,
      loops: new LoopsAwake(start.loops),
      accept: this.#counters.count(this.#handedOver.accept),
      onRefused: (client, reason) => this.#refusals.report({ client, export: undefined, reason }),
      onGone: (address, refused) => this.#send({ kind: 'gone', address, refused }),
    })
    this.#dispatcher = this.#createDispatcher(start)
  }

  async start(): Promise<void> {
    this.#announceEnd()
    await this.#listener.listenTcp(this.#dispatcher, { address: '', port: 0 })
    this.#port.on('message', (message: ToWorker) => this.#heard(message))
    this.#send({ kind: 'ready' })
  }

  /** Before the thread waits for what hangs: others shall not wait for it. */
  #announceEnd(): void {
    let hasError = false
    process.once('uncaughtExceptionMonitor', () => {
      hasError = true
    })
    process.once('exit', (code) => this.#send({ kind: 'ending', code, hasError }))
  }

  #createDispatcher({ manageGids }: WorkerStart): Dispatcher {
    const { nfs, acl } = createNfsPrograms(this.#vfs, {
      exports: () => this.#exports,
      judge: (caller, handle) => this.#core.judge(caller, handle),
      log: this.#refusals,
    })
    for (const program of [nfs, acl]) this.#calls.add(program)
    const groups = manageGids ? this.#createGroups() : undefined
    return new Dispatcher([nfs, acl], {
      replyCache: this.#replies,
      identify: groups && ((caller) => groups.identify(caller)),
      observer: (observation) => this.#calls.observe(observation),
      onHandlerError: (error, call) => this.#failed(error, call),
    })
  }

  /** Users are looked up once, by the server's thread. */
  #createGroups(): UserGroups {
    return new UserGroups({ lookup: { lease: (uid) => this.#lease(uid) }, onFailure: () => {} })
  }

  #lease(uid: number): Promise<GroupLease> {
    let lease = this.#leases.get(uid)
    if (lease === undefined) {
      lease = Promise.withResolvers<GroupLease>()
      this.#leases.set(uid, lease)
      this.#send({ kind: 'groups', uid })
    }
    return lease.promise
  }

  #send(message: FromWorker): void {
    this.#port.postMessage(message)
  }

  #heard(message: ToWorker): void {
    switch (message.kind) {
      case 'connection':
        this.#send({ kind: 'taken' })
        this.#handedOver.give(message.connection)
        break
      case 'exports':
        this.#exports = message.exports
        break
      case 'groups':
        this.#leased(message.uid, message.lease)
        break
      case 'count':
        this.#send({ kind: 'figures', number: message.number, figures: this.#figures() })
        break
      case 'drain':
        void this.#drain(message.deadlineMs)
        break
      case 'end':
        this.#end()
        break
    }
  }

  #leased(uid: number, lease: GroupLease | undefined): void {
    const waiting = this.#leases.get(uid)
    this.#leases.delete(uid)
    if (lease === undefined) waiting?.reject(new RpcRejection('drop'))
    else waiting?.resolve(lease)
  }

  #figures(): ThreadFigures {
    const { connectionCount, callCount, memoryBytes } = this.#listener
    const { connectionsAccepted, connectionsRefused, bytesReceived, bytesSent } = this.#counters
    return {
      transport: {
        connections: connectionCount,
        callsOutstanding: callCount,
        memoryBytes,
        connectionsAccepted,
        connectionsRefused,
        bytesReceived,
        bytesSent,
      },
      procedures: this.#calls.procedures.filter(({ calls }) => calls > 0).map((entry) => entry.figures()),
    }
  }

  #failed(error: unknown, { program, version, procedure, xid, caller }: RpcCall): void {
    const suppressed = this.#repeats.admit(`${program} ${procedure}`)
    if (suppressed === undefined) return
    // An error's own members need not be what can be sent.
    const sent = error instanceof Error ? new Error(error.message) : new Error(String(error))
    if (error instanceof Error) sent.stack = error.stack ?? sent.stack!
    const client = caller.address
    this.#send({
      kind: 'failed',
      failure: { error: sent, program, version, procedure, xid, client, suppressed },
    })
  }

  async #drain(deadlineMs: number): Promise<void> {
    let cutOff = 0
    const timer = setTimeout(
      () => {
        cutOff = this.#listener.callCount
      },
      Math.max(0, deadlineMs - 1),
    )
    await this.#listener.drain(deadlineMs)
    clearTimeout(timer)
    const figures = this.#figures()
    this.#refusals.flush()
    this.#replies?.close()
    this.#vfs.close()
    this.#core.close()
    this.#send({ kind: 'drained', cutOff, running: this.#vfs.running, figures })
  }

  /** Without the port nothing keeps the thread; operations that go on use its memory. */
  #end(): void {
    if (this.#vfs.running > 0) setTimeout(() => this.#end(), endIntervalMs)
    else this.#port.close()
  }
}
