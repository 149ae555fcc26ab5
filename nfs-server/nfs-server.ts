import { Backend, StateDirectoryError } from './backend.ts'
import { parseClientPattern } from './config/client-pattern.ts'
import { ClientResolver } from './config/resolve-clients.ts'
import { defaultGraceSeconds, defaultStateDirectory, mountPort, nfsPort } from './config/settings.ts'
import { defaultExportOptions, type ExportOptions } from './exports.ts'
import { lookupsMax } from './groups/limits.ts'
import { UserGroups } from './groups/user-groups.ts'
import { listenEverywhere } from './listen.ts'
import { Locking } from './locking/locking.ts'
import { createSilentLog, type Logger } from './log.ts'
import { logMounts } from './log-mounts.ts'
import { TransportCounters } from './metrics/counted-accept.ts'
import { Metrics } from './metrics/metrics.ts'
import { statusName } from './metrics/status-name.ts'
import { MountListFile } from './mount-list-file.ts'
import { createNfsPrograms } from './nfs-programs.ts'
import { announceOnPort111, type Port111 } from './port-111.ts'
import { createMountProgram } from './programs/mount3/program.ts'
import { RefusalLog } from './refusal-log.ts'
import { RepeatLimit } from './repeat-limit.ts'
import { defaultReplyCacheBytesMax } from './reply-cache/limits.ts'
import { Dispatcher } from './rpc/dispatch.ts'
import { defaultRpcLimits, type RpcLimits } from './rpc/limits.ts'
import { RpcListener } from './rpc/listener.ts'
import { acceptNatively } from './rpc/listener-native.ts'
import { LoopsAwake } from './rpc/loops-awake.ts'
import type { ReplyCache, RpcProgram } from './rpc/program.ts'
import type { ExportDefinition, Server, ServerAddresses, ServerOptions } from './server.ts'
import { SideChannel } from './side-channel/side-channel.ts'
import { nativeGroupLookup } from './vfs/native-groups.ts'
import type { CallFailure } from './workers/messages.ts'
import { shareOf, workersMax, wrongShare } from './workers/shares.ts'
import { WorkerPool } from './workers/worker-pool.ts'

/** A client can provoke so many lines of one kind per interval. */
const logIntervalMs = 60_000
const logBurst = 10

export class NfsServer implements Server {
  readonly metrics = new Metrics(statusName)
  readonly #options: ServerOptions
  readonly #log: Logger
  readonly #resolver: ClientResolver
  readonly #counters = new TransportCounters()
  readonly #repeats = new RepeatLimit(logIntervalMs, logBurst)
  readonly #refusals: RefusalLog
  /** Of this thread and each worker. */
  readonly #limits: RpcLimits
  readonly #loops: LoopsAwake | undefined
  readonly #listener: RpcListener
  readonly #stateDirectory: string
  readonly #mountList: MountListFile
  #exports: readonly ExportOptions[]
  #backend: Backend | undefined
  #locking: Locking | undefined
  #sideChannel: SideChannel | undefined
  #port111: Port111 | undefined
  #groups: UserGroups | undefined
  #workers: WorkerPool | undefined
  #changes: Promise<void> = Promise.resolve()
  #isStarted = false
  #isClosed = false

  constructor(options: ServerOptions) {
    this.#options = options
    const limits = { ...defaultRpcLimits, ...options.limits }
    checkWorkers(options, limits)
    this.#log = options.log ?? createSilentLog()
    this.#refusals = new RefusalLog(this.#log)
    this.#exports = options.exports.map(complete)
    this.#stateDirectory = options.stateDir ?? defaultStateDirectory(process.env, process.getuid?.() ?? 0)
    this.#mountList = new MountListFile(this.#stateDirectory, this.#log)
    this.#resolver = new ClientResolver(options.hostLookup)
    this.#limits = shareOf(limits, options.workers ?? 1)
    this.#loops = (options.workers ?? 1) > 1 ? new LoopsAwake() : undefined
    this.#listener = new RpcListener({
      limits: this.#limits,
      loops: this.#loops,
      accept: this.#counters.count(acceptNatively),
      onRefused: (client, reason) => this.#refusals.report({ client, export: undefined, reason }),
    })
    this.metrics.setTransport(() => ({
      connections: this.#listener.connectionCount,
      callsOutstanding: this.#listener.callCount,
      memoryBytes: this.#listener.memoryBytes,
      connectionsAccepted: this.#counters.connectionsAccepted,
      connectionsRefused: this.#counters.connectionsRefused,
      bytesReceived: this.#counters.bytesReceived,
      bytesSent: this.#counters.bytesSent,
    }))
  }

  async start(): Promise<ServerAddresses> {
    if (this.#isStarted) throw new Error('a server can be started once: make another one')
    this.#isStarted = true
    try {
      return await this.#start()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async #start(): Promise<ServerAddresses> {
    const { listen = '127.0.0.1', vfs } = this.#options
    const addresses = typeof listen === 'string' ? [listen] : listen
    const backend = new Backend({
      exports: await this.#resolve(),
      stateDir: this.#stateDirectory,
      vfs,
      replyCacheBytesMax: this.#options.replyCacheBytesMax ?? defaultReplyCacheBytesMax,
      log: this.#log,
    })
    this.#backend = backend
    this.#sideChannel = this.#createSideChannel(backend)
    const locking = new Locking({
      vfs: backend.vfs,
      stateDirectory: this.#stateDirectory,
      graceSeconds: this.#options.graceSeconds ?? defaultGraceSeconds,
      log: this.#log,
    })
    this.#locking = locking
    this.metrics.setLocks(() => locking.figures())
    this.#beginLocking(locking)
    const { replyCache } = backend
    if (replyCache !== undefined) this.metrics.setReplyCache(() => replyCache.figures())
    if (this.#options.manageGids) this.#groups = this.#createGroups()
    const { nfs: nfsProgram, acl: aclProgram } = createNfsPrograms(backend.vfs, {
      exports: () => this.#exports,
      judge: backend.judge.bind(backend),
      log: this.#refusals,
    })
    this.#workers = await this.#startWorkers(backend)
    const mountContext = {
      vfs: backend.vfs,
      exports: () => this.#exports,
      mountList: this.#mountList.list,
    }
    const mountProgram = logMounts(
      createMountProgram(mountContext),
      mountContext.exports,
      this.#log,
      this.#repeats,
      this.#refusals,
    )
    const nfsService = {
      name: 'NFS',
      dispatcher: this.#dispatcherFor([nfsProgram, aclProgram], replyCache),
      udp: false,
      elsewhere: this.#workers,
    } as const
    // Locks have no port of their own: clients find them by port 111 only.
    const mountPrograms = [mountProgram, locking.nlm, locking.nsm]
    const mountService = {
      name: 'MOUNT',
      dispatcher: this.#dispatcherFor(mountPrograms),
      udp: true,
    } as const
    const wanted = { nfs: this.#options.port ?? nfsPort, mount: this.#options.mountPort ?? mountPort }
    const nfs = await listenEverywhere(this.#listener, nfsService, addresses, wanted.nfs)
    const mount = await listenEverywhere(this.#listener, mountService, addresses, wanted.mount)
    this.#port111 = await announceOnPort111({
      mode: this.#options.rpcbind ?? 'auto',
      addresses,
      listener: this.#listener,
      dispatcherFor: (program) => this.#dispatcherFor([program]),
      offered: [
        { program: nfsProgram, addresses: nfs, transports: ['tcp'] },
        { program: mountProgram, addresses: mount, transports: ['tcp', 'udp'] },
        { program: aclProgram, addresses: nfs, transports: ['tcp'], isOptional: true },
        { program: locking.nlm, addresses: mount, transports: ['tcp', 'udp'], isOptional: true },
        { program: locking.nsm, addresses: mount, transports: ['tcp', 'udp'], isOptional: true },
      ],
      log: this.#log,
    })
    // Last of all: whoever comes by it can use NFS already.
    const sideChannel = this.#sideChannel?.listen() ?? []
    locking.announce()
    return { nfs, mount, rpcbind: this.#port111.state, sideChannel }
  }

  async #startWorkers({ core, replyCache }: Backend): Promise<WorkerPool | undefined> {
    if (this.#loops === undefined) return undefined
    const workers = await WorkerPool.start({
      count: this.#options.workers! - 1,
      core,
      loops: this.#loops,
      limits: this.#limits,
      exports: this.#exports,
      hasReplyCache: replyCache !== undefined,
      groups: this.#groups,
      refusals: this.#refusals,
      onHandlerError: (failure) => this.#handlerFailed(failure),
      onDeath: (error) => this.#workerDied(error),
    })
    this.metrics.setElsewhere(() => workers.figures())
    return workers
  }

  /** As an uncaught error of this thread would: whoever catches it finds the server closed. */
  #workerDied(error: unknown): void {
    void this.close()
    process.nextTick(() => {
      throw error
    })
  }

  #beginLocking(locking: Locking): void {
    try {
      locking.begin()
    } catch (error) {
      const why = `cannot write to the state directory: ${(error as Error).message}`
      throw new StateDirectoryError(why, { cause: error })
    }
  }

  #createSideChannel({ core }: Backend): SideChannel | undefined {
    const { sideChannel: options, vfs } = this.#options
    if (options === undefined) return undefined
    if (vfs !== undefined)
      throw new Error('the side channel serves the file system of the operating system only')
    const sideChannel = new SideChannel({
      core,
      options,
      exports: () => this.#exports,
      log: this.#log,
      refusals: this.#refusals,
    })
    this.metrics.setSideChannel(() => sideChannel.figures())
    return sideChannel
  }

  #dispatcherFor(programs: readonly RpcProgram[], replyCache?: ReplyCache): Dispatcher {
    for (const program of programs) this.metrics.calls.add(program)
    const groups = this.#groups
    return new Dispatcher(programs, {
      replyCache,
      identify: groups && ((caller) => groups.identify(caller)),
      observer: (observation) => this.metrics.calls.observe(observation),
      onHandlerError: (error, { program, version, procedure, xid, caller }) =>
        this.#handlerFailed({
          ...{ error, program, version, procedure, xid, client: caller.address },
          suppressed: 0,
        }),
    })
  }

  #createGroups(): UserGroups {
    return new UserGroups({
      lookup: nativeGroupLookup(lookupsMax),
      onFailure: (uid, error) => {
        const suppressed = this.#repeats.admit('groups')
        if (suppressed === undefined) return
        this.#log.warn({ err: error, uid, suppressed }, "a user's groups cannot be looked up")
      },
    })
  }

  /** A bug of ours: the client was told SYSTEM_ERR. Rate limited, as a client may provoke it at will. */
  #handlerFailed({ error, suppressed: before, ...call }: CallFailure): void {
    const suppressed = this.#repeats.admit(`handler ${call.program} ${call.procedure}`, before)
    if (suppressed === undefined) return
    this.#log.error({ err: error, ...call, suppressed }, 'a call failed')
  }

  async #resolve(): Promise<readonly ExportOptions[]> {
    const { exports, failures } = await this.#resolver.resolve(this.#exports)
    for (const failure of failures) this.#log.warn(failure)
    return exports
  }

  reload(exports: readonly ExportDefinition[]): Promise<void> {
    return this.#change(async () => {
      const old = this.#exports
      this.#exports = exports.map(complete)
      try {
        const resolved = await this.#resolve()
        this.#backend?.setExports(resolved)
        this.#workers?.setExports(this.#exports)
        this.#sideChannel?.exportsChanged()
      } catch (error) {
        this.#exports = old
        throw error
      }
    })
  }

  refreshClients(): Promise<void> {
    return this.#change(async () => {
      if (!this.#exports.some((entry) => entry.clients.some(isHostName))) return
      const exports = await this.#resolve()
      this.#backend?.setExports(exports)
      this.#sideChannel?.exportsChanged()
    })
  }

  /** One change of the exports after the other: lookups of names take their time, and the last one must win. */
  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change)
    this.#changes = done.catch(() => {})
    return done
  }

  async drain(deadlineMs: number): Promise<number> {
    if (this.#isClosed) return 0
    this.#isClosed = true
    await this.#listener.stopAccepting()
    await this.#port111?.close()
    let cutOff = 0
    const timer = setTimeout(
      () => {
        cutOff = this.#listener.callCount
      },
      Math.max(0, deadlineMs - 1),
    )
    // Clients fall back to NFS at once, and this server answers that to the end.
    const [inWorkers = 0] = await Promise.all([
      this.#workers?.drain(deadlineMs),
      this.#sideChannel?.close(deadlineMs),
      this.#listener.drain(deadlineMs),
    ])
    clearTimeout(timer)
    await this.metrics.refresh()
    await this.#changes
    this.#refusals.close()
    this.#mountList.flush()
    this.#locking?.close()
    this.#backend?.close()
    return cutOff + inWorkers
  }

  async close(): Promise<void> {
    await this.drain(0)
  }
}

function checkWorkers({ workers = 1, vfs }: ServerOptions, limits: RpcLimits): void {
  if (!Number.isInteger(workers) || workers < 1 || workers > workersMax) {
    throw new RangeError(`workers must be a whole number from 1 to ${workersMax}, not ${workers}`)
  }
  if (workers > 1 && vfs !== undefined) {
    throw new Error(
      'several workers serve the file system of the operating system only: a Vfs has one thread',
    )
  }
  const wrong = wrongShare(limits, workers)
  if (wrong !== undefined) throw new RangeError(`limits.${wrong.limit} ${wrong.problem}`)
}

function isHostName(client: string): boolean {
  return parseClientPattern(client).kind === 'host'
}

function complete(definition: ExportDefinition): ExportOptions {
  return { ...defaultExportOptions, ...definition }
}
