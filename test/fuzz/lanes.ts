/** All ways to the server: several addresses, reserved ports and others, TCP and UDP. */

import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import { NLM_PROG, NLM4_VERS, NLM4_VERS_PROCEDURES as nlm } from '../../nfs-server/xdr/generated/nlm.ts'
import { SM_PROG, SM_VERS, SM_VERS_PROCEDURES as sm } from '../../nfs-server/xdr/generated/nsm.ts'
import type { Service } from './catalogue.ts'
import { clientNames } from './interesting.ts'
import type { Lane } from './lane.ts'
import type { Ledger } from './ledger.ts'
import type { FuzzRecord } from './records.ts'
import { TcpLane } from './tcp-lane.ts'
import { UdpLane } from './udp-lane.ts'

type Ports = Readonly<Record<Service, number>>

const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
const depth = 24
const datagramsAtOnce = 6
const firstReservedPort = 600
const lanesPerService: Readonly<Record<Service, number>> = { nfs: 6, mount: 6, portmap: 2 }

export class Lanes {
  readonly #lanes: Readonly<Record<string, readonly Lane[]>>
  /** One per address: for what is asked besides. */
  readonly #callers: readonly TcpRpcClient[]

  private constructor(lanes: Readonly<Record<string, readonly Lane[]>>, callers: readonly TcpRpcClient[]) {
    this.#lanes = lanes
    this.#callers = callers
  }

  static async open(ledger: Ledger, ports: Ports): Promise<Lanes> {
    const lanes: Record<string, Lane[]> = {}
    let reserved = firstReservedPort
    for (const service of ['nfs', 'mount', 'portmap'] as const) {
      const tcp = Array.from({ length: lanesPerService[service] }, (_, i) => {
        const localPort = i % 2 === 0 ? reserved++ : 0
        const localAddress = addresses[(i >> 1) % addresses.length]!
        return new TcpLane(ledger, { port: ports[service], localAddress, localPort }, depth)
      })
      lanes[`${service} tcp`] = tcp
      if (service === 'nfs') continue
      lanes[`${service} udp`] = await Promise.all(
        [reserved++, 0].map((localPort) =>
          UdpLane.open(
            ledger,
            { port: ports[service], localAddress: '127.0.0.1', localPort },
            datagramsAtOnce,
          ),
        ),
      )
    }
    const options = { credential: { uid: 0, gid: 0 }, timeoutMs: 120_000 }
    const target = { host: '127.0.0.1', port: ports.mount }
    const callers = addresses.map((localAddress) =>
      TcpRpcClient.connect({ ...target, localAddress, localPort: reserved++ }, options),
    )
    return new Lanes(lanes, await Promise.all(callers))
  }

  get #all(): Lane[] {
    return Object.values(this.#lanes).flat()
  }

  send(record: FuzzRecord): Promise<void> {
    const lanes = this.#lanes[`${record.service} ${record.transport}`]!
    return lanes[record.index % lanes.length]!.send(record)
  }

  sweep(): void {
    for (const lane of this.#all) lane.sweep()
  }

  async idle(): Promise<void> {
    const timer = setInterval(() => this.sweep(), 1000)
    await Promise.all(this.#all.map((lane) => lane.idle()))
    clearInterval(timer)
  }

  /** Has the locks of every client freed that the fuzzer has names for. */
  async freeLocks(): Promise<void> {
    for (const client of this.#callers) {
      for (const name of clientNames) {
        await client.call(NLM_PROG, NLM4_VERS, nlm.NLMPROC4_FREE_ALL, { name, state: 0 })
      }
    }
  }

  /** Has all locks freed, and a grace period begin. */
  async simulateCrash(): Promise<void> {
    await this.#callers[0]!.call(SM_PROG, SM_VERS, sm.SM_SIMU_CRASH, undefined)
  }

  close(): void {
    for (const lane of [...this.#all, ...this.#callers]) lane.close()
  }
}
