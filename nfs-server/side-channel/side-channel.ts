/**
 * The server's end of the side channel: decides who gets a session with what memory, and when it ends. What goes over a
 * session never comes here (native/appliance).
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ListenError } from '../explain-start-error.ts'
import type { ExportOptions } from '../exports.ts'
import type { Logger } from '../log.ts'
import type { SideChannelMetrics } from '../metrics/side-channel-metrics.ts'
import type { RefusalLog } from '../refusal-log.ts'
import { RepeatLimit } from '../repeat-limit.ts'
import type { ListenAddress } from '../rpc/listener.ts'
import type { Core } from '../vfs/native-core.ts'
import {
  type Admission,
  type AdmissionPolicy,
  admit,
  admittedExports,
  type Client,
  RefusedError,
  type Visitor,
} from './admission.ts'
import { admitted, refused } from './answer.ts'
import { DeviceError } from './device-error.ts'
import { HelloError, parseHello } from './hello.ts'
import {
  createNativeSideChannel,
  type ExportCoherence,
  type NativeSideChannel,
  type SideChannelEvent,
} from './native-side-channel.ts'
import { type SideChannelDevice, type SideChannelOptions, sideChannelDefaults } from './options.ts'
import { addUp, lasting, noFigures, type Session, type SessionEnd, SessionTable } from './session-table.ts'

/** How long a client waits for its former session to let go of the memory, before it has to come again. */
const handOverMs = 1000
/** Lines of one kind per minute and client. */
const logIntervalMs = 60_000
const logBurst = 5
/** How often it is looked whether changes of an export can be seen as well as clients were told: mounts come and go. */
const lookIntervalMs = 10_000
/** Regions that must not be used again; older ones are forgotten. */
const forsakenMax = 1000

export interface SideChannelContext {
  readonly core: Core
  readonly options: SideChannelOptions
  readonly exports: () => readonly ExportOptions[]
  readonly log: Logger
  readonly refusals: RefusalLog
}

export class SideChannel {
  readonly #context: SideChannelContext
  readonly #native: NativeSideChannel
  readonly #policy: AdmissionPolicy
  readonly #sessions = new SessionTable()
  readonly #repeats = new RepeatLimit(logIntervalMs, logBurst)
  /** Names this process to clients. */
  readonly #server = randomBytes(8).toString('hex')
  /** Instances of regions, and devices by number, with pages of exports that their client may not use any more. */
  readonly #forsaken = new Set<string | number>()
  readonly #ended: Record<SessionEnd, number> = { closed: 0, gone: 0, broken: 0 }
  readonly #looking: NodeJS.Timeout
  #past = noFigures
  #begun = 0
  #refused = 0
  #isClosing = false

  /** To be made before the first call is served: changes are watched from then on. Nobody can come yet. */
  constructor(context: SideChannelContext) {
    this.#context = context
    const { devices = [], bytesMax = sideChannelDefaults.bytesMax } = context.options
    this.#native = createNativeSideChannel(context.core, (event) => this.#happened(event))
    this.#policy = {
      exports: () => context.exports().map(({ path }) => path),
      admits: (path, { address, privilegedPort }) => this.#native.admits(path, address, privilegedPort),
      devices,
      bytesMax,
    }
    this.#looking = setInterval(() => this.exportsChanged(), lookIntervalMs).unref()
  }

  #add({ path, offset, bytes }: SideChannelDevice): void {
    try {
      this.#native.addDevice(path, offset, bytes)
    } catch (error) {
      throw new DeviceError((error as Error).message, { cause: error })
    }
  }

  /**
   * Answers where: a Unix socket's path, addresses with the port that was picked. Throws DeviceError or ListenError;
   * `close` is due then, too.
   */
  listen(): readonly (string | ListenAddress)[] {
    const { socket, listen = [], port = sideChannelDefaults.port, devices = [] } = this.#context.options
    for (const device of devices) this.#add(device)
    if (socket !== undefined) open(socket, 0, () => this.#native.listenLocally(socket))
    let wanted = port
    const remote = listen.map((address) => {
      wanted = open(address, wanted, () => this.#native.listenTcp(address, wanted))
      return { address, port: wanted }
    })
    return socket === undefined ? remote : [socket, ...remote]
  }

  #happened(event: SideChannelEvent): void {
    if (event.kind === 'hello') void this.#heard(event)
    else if (event.kind === 'ended') this.#hasEnded(event)
    else this.#turnedAway(event)
  }

  #turnedAway({ text, untold, ...event }: SideChannelEvent): void {
    this.#refused += 1 + untold
    this.#context.refusals.report({ client: nameOf(visitorOf(event)), export: undefined, reason: text })
  }

  async #heard({ id, text, ...event }: SideChannelEvent): Promise<void> {
    const visitor = visitorOf(event)
    try {
      const hello = parseHello(text)
      const admission = admit(this.#policy, visitor, hello)
      await this.#begin(id, admission, hello.instance)
    } catch (error) {
      this.#refuse(id, visitor, error)
    }
  }

  #refuse(id: number, visitor: Visitor, error: unknown): void {
    this.#sessions.remove(id)
    this.#refused++
    const client = nameOf(visitor)
    if (error instanceof RefusedError) {
      this.#native.refuse(id, refused(`${client}: ${error.message}`, error.advice))
      this.#context.refusals.report({ client, export: undefined, reason: `side channel: ${error.message}` })
      return
    }
    if (error instanceof HelloError) {
      this.#native.refuse(id, refused(error.message, 'use the fsva-client of the same version as the server'))
      this.#context.refusals.report({ client, export: undefined, reason: `side channel: ${error.message}` })
      return
    }
    const { message } = error as Error
    this.#native.refuse(
      id,
      refused(`the server cannot begin a session: ${message}`, 'see the log of the server'),
    )
    const suppressed = this.#repeats.admit('failed')
    if (suppressed === undefined) return
    this.#context.log.error({ err: error, client, suppressed }, 'side channel: a session cannot begin')
  }

  async #begin(id: number, admission: Admission, held: string | undefined): Promise<void> {
    const { client, device, bytes } = admission
    if (this.#isClosing) throw new RefusedError('this server is about to end', 'wait for its successor')
    const session = this.#sessions.add(id, client, device)
    await this.#takeOver(session, held)
    const { sessionsMax = sideChannelDefaults.sessionsMax } = this.#context.options
    if (this.#sessions.size > sessionsMax) {
      throw new RefusedError(
        `there are ${sessionsMax} sessions already`,
        'side_channel.sessions_max allows more',
      )
    }
    const forsaken = device ?? held
    const keep = forsaken === undefined || !this.#forsaken.has(forsaken)
    const region = await this.#native.prepare(id, device, bytes, held, keep)
    // The event loop has turned: the server may have closed, or the exports changed.
    if (this.#isClosing) throw new RefusedError('this server is about to end', 'wait for its successor')
    const exports = this.#exportsOf(client)
    if (exports.length === 0)
      throw new RefusedError('no export admits it any more', 'see the exports of the server')
    session.instance = region.instance
    session.view = viewOf(exports)
    const { instance, offset } = region
    const kind = device === undefined ? 'memfd' : 'device'
    const answer = admitted({ region: kind, offset, bytes: region.bytes, instance }, this.#server, exports)
    const { spinUs = sideChannelDefaults.spinUs } = this.#context.options
    try {
      this.#native.start(id, answer, client.address, client.privilegedPort, spinUs)
    } catch (error) {
      // Perhaps because of what stands in the region: the next session begins with an empty one.
      this.#forsake(device ?? instance)
      throw error
    }
    this.#begun++
    if (device !== undefined) this.#forsaken.delete(device)
    const memory = device === undefined ? 'a memory file' : this.#policy.devices[device]!.path
    this.#logSession(
      client,
      'begun',
      `${region.bytes} bytes of ${memory}, ${region.kept ? 'as they were' : 'new'}`,
    )
  }

  /** Makes sure that nobody else uses the memory: a session whose client is gone goes, too. */
  async #takeOver(session: Session, held: string | undefined): Promise<void> {
    const holder = this.#sessions.holder(session, held)
    if (holder === undefined) return
    if (this.#native.isGone(holder.id)) {
      this.#native.end(holder.id)
      await Promise.race([holder.ended, delay(handOverMs, undefined, { ref: false })])
    }
    if (this.#sessions.holder(session, held) === undefined) return
    throw new RefusedError('it has a session already, or the former one has not ended yet', 'try again')
  }

  #hasEnded({ id, end = 'broken', text }: SideChannelEvent): void {
    this.#ended[end]++
    const figures = this.#native.figures(id)
    if (figures !== null) this.#past = addUp([this.#past, lasting(figures)])
    this.#native.forget(id)
    const session = this.#sessions.remove(id)
    if (session === undefined) return
    const why = { closed: 'by the server', gone: 'the client is gone', broken: `broken: ${text}` }[end]
    this.#logSession(session.client, 'ended', why, end === 'broken')
  }

  #logSession({ address }: Client, what: 'begun' | 'ended', how: string, isFault = false): void {
    const suppressed = this.#repeats.admit(`${what} ${address}`)
    if (suppressed === undefined) return
    const details = { client: address, ...(suppressed > 0 && { suppressed }) }
    const message = `side channel: session of ${address} ${what}: ${how}`
    if (isFault) this.#context.log.warn(details, message)
    else this.#context.log.info(details, message)
  }

  #exportsOf(client: Client): readonly ExportCoherence[] {
    const watched = new Map(this.#native.coherence().map((entry) => [entry.path, entry]))
    return admittedExports(this.#policy, client).map(
      (path) => watched.get(path) ?? { path, coherence: 'none', why: 'not looked at yet' },
    )
  }

  /**
   * To be called when the exports have changed: whoever was told something else has to begin anew. Memory with pages of
   * exports that its client may not use any more is not used again.
   */
  exportsChanged(): void {
    for (const session of this.#sessions) {
      // One that is being made looks at the exports itself.
      if (session.view.size === 0) continue
      const exports = this.#exportsOf(session.client)
      const isLess = [...session.view.keys()].some((path) => !exports.some((entry) => entry.path === path))
      if (isLess) this.#forsake(session.device ?? session.instance)
      if (isLess || exports.some(({ path, coherence }) => session.view.get(path) !== coherence)) {
        this.#native.end(session.id)
      }
    }
  }

  #forsake(memory: string | number | undefined): void {
    if (memory === undefined) return
    if (this.#forsaken.size >= forsakenMax) this.#forsaken.delete(this.#forsaken.values().next().value!)
    this.#forsaken.add(memory)
  }

  figures(): SideChannelMetrics {
    const present = [...this.#sessions]
      .map(({ id }) => this.#native.figures(id))
      .filter((one) => one !== null)
    return {
      ...addUp([this.#past, ...present]),
      ...this.#native.watching(),
      sessions: present.length,
      begun: this.#begun,
      ended: this.#ended,
      refused: this.#refused,
    }
  }

  /** Begins no more sessions and ends those there are, in order; who is not done by then is cut off. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    clearInterval(this.#looking)
    this.#native.stopListening()
    const sessions = [...this.#sessions]
    for (const { id } of sessions) this.#native.end(id)
    const deadline = new AbortController()
    const ended = Promise.all(sessions.filter(({ view }) => view.size > 0).map((session) => session.ended))
    await Promise.race([ended, delay(deadlineMs, undefined, { signal: deadline.signal }).catch(() => {})])
    deadline.abort()
    this.#native.close()
  }
}

function open<T>(address: string, port: number, listen: () => T): T {
  try {
    return listen()
  } catch (error) {
    throw new ListenError('side channel', address, port, error)
  }
}

function visitorOf({
  address,
  port = 0,
  uid = -1,
}: Pick<SideChannelEvent, 'address' | 'port' | 'uid'>): Visitor {
  return address === undefined ? { kind: 'local', uid } : { kind: 'remote', address, port }
}

function nameOf(visitor: Visitor): string {
  return visitor.kind === 'remote' ? visitor.address : `of user ${visitor.uid} on this machine`
}

function viewOf(exports: readonly ExportCoherence[]): Session['view'] {
  return new Map(exports.map(({ path, coherence }) => [path, coherence]))
}
