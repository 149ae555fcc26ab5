/** Calls to the lock managers of clients: each finds its port anew, since a client's lock manager comes and goes. */
import type { LockCallbacks } from '../programs/nlm/callbacks.ts'
import type { LockPeer } from '../programs/nlm/lock-client.ts'
import { grantedFor } from '../programs/nlm/version-3.ts'
import {
  NLM_PROG,
  NLM_VERS,
  NLM4_VERS,
  type nlm4_stats,
  type nlm4_testargs,
  NLM_VERS_PROCEDURES as v1,
  NLM_VERSX_PROCEDURES as v3,
  NLM4_VERS_PROCEDURES as v4,
} from '../xdr/generated/nlm.ts'
import type { Procedure } from '../xdr/procedure.ts'
import { XdrWriter } from '../xdr/writer.ts'
import { connectToClient } from './client-port.ts'

const timeoutMs = 3000
/** Calls under way at a time, of all clients and of one: whoever calls us by message makes us call somebody. */
const callsMax = 256
const callsPerAddressMax = 32

export class ClientLockManagers implements LockCallbacks {
  readonly #portmapperPort: number | undefined
  readonly #calls = new Map<string, number>()
  #total = 0

  /** `portmapperPort`: where clients are asked for their ports, for tests. */
  constructor(portmapperPort?: number | undefined) {
    this.#portmapperPort = portmapperPort
  }

  async granted(peer: LockPeer, args: nlm4_testargs): Promise<nlm4_stats | undefined> {
    if (peer.version === NLM4_VERS) {
      const result = await this.#call(peer, v4.NLMPROC4_GRANTED, args)
      return result?.stat.stat
    }
    const procedure = peer.version === NLM_VERS ? v1.NLM_GRANTED : v3.NLM3_GRANTED
    const result = await this.#call(peer, procedure, grantedFor(args))
    return result?.stat.stat
  }

  respond<Result>(peer: LockPeer, procedure: Procedure<Result, undefined>, result: Result): void {
    // What the result refers to is somebody else's as soon as the call is answered.
    const writer = new XdrWriter()
    procedure.encodeArguments(writer, result)
    const bytes = Buffer.from(writer.bytes())
    const encoded: Procedure<Uint8Array, undefined> = {
      ...procedure,
      decodeArguments: () => bytes,
      encodeArguments: (to) => to.writeFixedOpaque(bytes, bytes.length),
    }
    void this.#call(peer, encoded, bytes)
  }

  async #call<A, R>(peer: LockPeer, procedure: Procedure<A, R>, args: A): Promise<R | undefined> {
    const { address, version } = peer
    const here = this.#calls.get(address) ?? 0
    if (this.#total >= callsMax || here >= callsPerAddressMax) return undefined
    this.#total++
    this.#calls.set(address, here + 1)
    try {
      const options = { timeoutMs, portmapperPort: this.#portmapperPort }
      const client = await connectToClient({ ...peer, program: NLM_PROG }, options)
      try {
        return await client.call(NLM_PROG, version, procedure, args)
      } finally {
        client.close()
      }
    } catch {
      // Down, or not there for locks any more: it is tried again, or the client asks again.
      return undefined
    } finally {
      this.#total--
      const left = this.#calls.get(address)! - 1
      if (left === 0) this.#calls.delete(address)
      else this.#calls.set(address, left)
    }
  }
}
