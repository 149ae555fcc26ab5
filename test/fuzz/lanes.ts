/** All ways to the server: several addresses, reserved ports and others, TCP and UDP. */

import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import { SM_PROG, SM_VERS, SM_VERS_PROCEDURES as sm } from '../../nfs-server/xdr/generated/nsm.ts'
import type { Service } from './catalogue.ts'
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
const lastReservedPort = 1000
const lanesPerService: Readonly<Record<Service, number>> = { nfs: 6, mount: 6, portmap: 2 }

export class Lanes {
  readonly #lanes: Readonly<Record<string, readonly Lane[]>>
  readonly #ports: Ports

  private constructor(lanes: Readonly<Record<string, readonly Lane[]>>, ports: Ports) {
    this.#lanes = lanes
    this.#ports = ports
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
    return new Lanes(lanes, ports)
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

  /** Has every lock freed, as SM_SIMU_CRASH does: how many are left. */
  async freeLocks(locks: () => Promise<number>): Promise<number> {
    const client = await TcpRpcClient.connect(
      { host: '127.0.0.1', port: this.#ports.mount, localAddress: '127.0.0.1', localPort: lastReservedPort },
      { credential: { uid: 0, gid: 0 }, timeoutMs: 120_000 },
    )
    await client.call(SM_PROG, SM_VERS, sm.SM_SIMU_CRASH, undefined)
    client.close()
    return await locks()
  }

  close(): void {
    for (const lane of this.#all) lane.close()
  }
}
