/** Tells clients that their locks are gone: SM_NOTIFY to their status monitors, until they answer or time is up. */
import { hostname } from 'node:os'
import type { Logger } from '../log.ts'
import { SM_PROG, SM_VERS, SM_VERS_PROCEDURES as sm } from '../xdr/generated/nsm.ts'
import { connectToClient, isSpecific } from './client-port.ts'
import type { MonitoredClient } from './monitored-clients.ts'

const timeoutMs = 3000
const repeatMsMin = 1000
const repeatMsMax = 60_000
/** A client that is down this long has restarted, or has given its locks up. */
const giveUpMs = 15 * 60_000
const atOnceMax = 16

export interface RestartNoticesOptions {
  readonly log: Logger
  /** For tests. */
  readonly portmapperPort?: number | undefined
}

export class RestartNotices {
  readonly #options: RestartNoticesOptions
  readonly #stop = new AbortController()

  constructor(options: RestartNoticesOptions) {
    this.#options = options
  }

  /** `told` is called for each client that has answered. */
  async send(
    clients: readonly MonitoredClient[],
    state: number,
    told: (client: MonitoredClient) => void,
  ): Promise<void> {
    const queue = [...clients]
    const work = async () => {
      for (let client = queue.shift(); client !== undefined; client = queue.shift()) {
        if (await this.#tell(client, state)) told(client)
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnceMax, clients.length) }, work))
  }

  close(): void {
    this.#stop.abort()
  }

  async #tell(client: MonitoredClient, state: number): Promise<boolean> {
    const { signal } = this.#stop
    const deadline = performance.now() + giveUpMs
    for (let repeat_ms = repeatMsMin; !signal.aborted; repeat_ms = Math.min(repeat_ms * 2, repeatMsMax)) {
      for (const transport of ['udp', 'tcp'] as const) {
        if (await this.#notify(client, transport, state)) return true
      }
      if (performance.now() + repeat_ms > deadline) break
      await pause(repeat_ms, signal)
    }
    if (!signal.aborted) {
      const { address, name } = client
      this.#options.log.warn(
        { client: address, name },
        'a client that had locks cannot be told of the restart',
      )
    }
    return false
  }

  async #notify(
    { address, localAddress }: MonitoredClient,
    transport: 'tcp' | 'udp',
    state: number,
  ): Promise<boolean> {
    try {
      const service = { address, localAddress, transport, program: SM_PROG, version: SM_VERS }
      const client = await connectToClient(service, { ...this.#options, timeoutMs })
      try {
        // Linux knows us by our address, others by the name that was mounted: that is likely to be our own.
        for (const name of isSpecific(localAddress) ? [localAddress, hostname()] : [hostname()]) {
          await client.call(SM_PROG, SM_VERS, sm.SM_NOTIFY, { mon_name: name, state })
        }
        return true
      } finally {
        client.close()
      }
    } catch {
      return false
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms).unref()
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
