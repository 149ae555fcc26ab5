import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, ExitCode } from '../exit-codes.ts'
import type { AgentFiles } from './agent-files.ts'
import type { AgentOptions } from './agent-options.ts'
import { shownRendezvous } from './agent-options.ts'
import type { AgentChannel, ConnectChannel } from './channel.ts'
import type { AgentStatus } from './control-protocol.ts'
import { ControlServer } from './control-server.ts'
import type { Logger } from './log.ts'

const retryMs = { first: 100, max: 2000 } as const
/** How soon an agent knows that its mount is gone, and that its channel went up or down. */
const watchMs = 500
const closeMs = 5000

export interface AgentEnvironment {
  readonly options: AgentOptions
  readonly files: AgentFiles
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly connect: ConnectChannel
  /** Whether the mount is still there. */
  isMounted(): boolean
}

/** Why an agent ended: it was told to by a signal, or its mount is gone or going. */
export type AgentEnd = 'signal' | 'unmounted'

/** The agent of one mount: its channel, and the control socket by which it is asked. The caller holds the lock. */
export class Agent {
  readonly #environment: AgentEnvironment
  readonly #ended = Promise.withResolvers<AgentEnd>()
  readonly #stop = new AbortController()
  #control: ControlServer | undefined
  #channel: AgentChannel | undefined
  #connecting: Promise<void> | undefined
  #failure: string | undefined
  #wasUp = false
  #watch: NodeJS.Timeout | undefined

  private constructor(environment: AgentEnvironment) {
    this.#environment = environment
  }

  /** Does not wait for the channel. */
  static async start(environment: AgentEnvironment): Promise<Agent> {
    const agent = new Agent(environment)
    const { files, log, options } = environment
    agent.#control = await ControlServer.listen(files.control, {
      status: () => agent.status,
      stats: () => ({ status: agent.status, channel: agent.#channel?.stats() ?? null }),
      ping: async () => ({ microseconds: await agent.#connected().ping() }),
      stop: () => {
        // Only once the answer is on its way; whoever waits for the end waits for the lock.
        setImmediate(() => agent.end('unmounted'))
        return {}
      },
    })
    log.info({ mountPoint: options.mountPoint, rendezvous: shownRendezvous(options.rendezvous) }, 'started')
    agent.#watch = setInterval(() => agent.#look(), watchMs)
    agent.#connecting = agent.#connect()
    return agent
  }

  get status(): AgentStatus {
    const { options } = this.#environment
    const isUp = this.#noticeChannel()
    return {
      options,
      pid: process.pid,
      supervised: process.env.INVOCATION_ID !== undefined,
      channel: isUp ? 'up' : 'down',
      ...(!isUp && this.#failure !== undefined && { failure: this.#failure }),
      dataSocket: this.#channel?.dataSocket ?? null,
    }
  }

  /** Settles when it has to end; `close` does so. */
  get ended(): Promise<AgentEnd> {
    return this.#ended.promise
  }

  end(why: AgentEnd): void {
    this.#ended.resolve(why)
  }

  /**
   * Gives everything back, the descriptors on the mount included. False: it takes longer than that, because somebody waits for
   * a server that is gone; only the end of the process frees him.
   */
  async close(limitMs = closeMs): Promise<boolean> {
    this.#stop.abort()
    clearInterval(this.#watch)
    this.#control?.close()
    const inTime = new AbortController()
    // A connection under way holds descriptors on the mount, too; it closes itself.
    const closed = Promise.all([this.#connecting, this.#channel?.close()]).then(() => true)
    const late = sleep(limitMs, false, { signal: inTime.signal }).catch(() => false)
    try {
      return await Promise.race([closed, late])
    } finally {
      inTime.abort()
    }
  }

  /** The first connection is ours to try; once there was one, the channel itself reconnects. */
  async #connect(): Promise<void> {
    const { signal } = this.#stop
    for (let pauseMs: number = retryMs.first; !signal.aborted; pauseMs = Math.min(pauseMs * 2, retryMs.max)) {
      try {
        const channel = await this.#environment.connect()
        if (signal.aborted) return await channel.close()
        this.#channel = channel
        return this.#look()
      } catch (error) {
        const { message } = error as Error
        // Said once, and not with every attempt.
        if (message !== this.#failure) this.#environment.log.warn(`no channel: ${message}; trying on`)
        this.#failure = message
      }
      await sleep(pauseMs, undefined, { signal, ref: true }).catch(() => {})
    }
  }

  #connected(): AgentChannel {
    if (this.#noticeChannel()) return this.#channel!
    throw new ClientError(
      ExitCode.noChannel,
      `the channel is down${this.#failure ? `: ${this.#failure}` : ''}`,
    )
  }

  /** Whether the channel is up now. Who asks in between hears the same as the log says. */
  #noticeChannel(): boolean {
    const { log } = this.#environment
    const isUp = this.#channel?.up === true
    if (isUp === this.#wasUp) return isUp
    this.#failure = isUp ? undefined : 'the server has gone'
    if (isUp) log.info('the channel is up')
    else log.warn('the channel is down: NFS goes on alone')
    this.#wasUp = isUp
    return isUp
  }

  #look(): void {
    const { log, options, isMounted } = this.#environment
    this.#noticeChannel()
    if (!isMounted()) {
      log.info(`${options.mountPoint} is not mounted any more`)
      this.end('unmounted')
    }
  }
}
