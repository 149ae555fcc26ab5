/** RPC credentials (RFC 5531, sections 8.2 and 10, appendix A) into callers. */
import type { Caller } from '../caller.ts'
import { auth_flavor, auth_stat } from '../xdr/generated/rpc.ts'
import { type CallHeader, uint32 } from './message.ts'

const machineNameBytesMax = 255
const groupsMax = 16
/** The stamp, "an arbitrary ID which the caller machine may generate", is not part of the identity. */
const stampBytes = 4

/**
 * The callers behind one peer address and port. The same credential gives the same Caller object as long as it is
 * remembered; the least recently used one is forgotten first.
 */
export class CallerCache {
  readonly #address: string
  readonly #port: number
  readonly #entriesMax: number
  readonly #callers = new Map<string, Caller>()
  #none: Caller | undefined
  /** The credential of the last call and its caller: most calls of a connection come from one user at a time. */
  #lastBytes = new Uint8Array(0)
  #lastCaller: Caller | undefined

  constructor(address: string, port: number, entriesMax: number) {
    this.#address = address
    this.#port = port
    this.#entriesMax = entriesMax
  }

  /** Credentials that are remembered. */
  get size(): number {
    return this.#callers.size
  }

  /** The caller of a decoded call, or the auth_stat to deny it with. */
  resolve(record: Uint8Array, header: CallHeader): Caller | auth_stat {
    if (header.credentialFlavor === auth_flavor.AUTH_SYS) {
      if (isForeignVerifier(header)) return auth_stat.AUTH_BADVERF
      return this.#resolveSys(record, header.credentialStart, header.credentialLength)
    }
    // Neither RPCSEC_GSS nor AUTH_DH is spoken here, and AUTH_SHORT names nothing that we handed out.
    if (header.credentialFlavor !== auth_flavor.AUTH_NONE) return auth_stat.AUTH_REJECTEDCRED
    if (header.credentialLength > 0) return auth_stat.AUTH_BADCRED
    if (isForeignVerifier(header)) return auth_stat.AUTH_BADVERF
    this.#none ??= {
      address: this.#address,
      port: this.#port,
      flavor: 'none',
      uid: -1,
      gid: -1,
      gids: [],
    }
    return this.#none
  }

  #resolveSys(record: Uint8Array, start: number, length: number): Caller | auth_stat {
    if (this.#lastCaller !== undefined && isSame(this.#lastBytes, record, start, length))
      return this.#lastCaller
    if (length < stampBytes) return auth_stat.AUTH_BADCRED
    const key = Buffer.from(
      record.buffer,
      record.byteOffset + start + stampBytes,
      length - stampBytes,
    ).toString('latin1')
    let caller = this.#callers.get(key)
    if (caller === undefined) {
      caller = decodeSys(record.subarray(start, start + length), this.#address, this.#port)
      if (caller === undefined) return auth_stat.AUTH_BADCRED
      if (this.#callers.size >= this.#entriesMax) this.#callers.delete(this.#callers.keys().next().value!)
    } else {
      this.#callers.delete(key)
    }
    this.#callers.set(key, caller)
    this.#lastBytes = new Uint8Array(record.subarray(start, start + length))
    this.#lastCaller = caller
    return caller
  }
}

function isForeignVerifier(header: CallHeader): boolean {
  return header.verifierFlavor !== auth_flavor.AUTH_NONE || header.verifierLength !== 0
}

function isSame(known: Uint8Array, record: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false
  for (let i = stampBytes; i < length; i++) if (known[i] !== record[start + i]) return false
  return true
}

/** authsys_parms: stamp, machinename<255>, uid, gid, gids<16>; undefined if it is not exactly that. */
function decodeSys(body: Uint8Array, address: string, port: number): Caller | undefined {
  const { length } = body
  if (length < stampBytes + 4) return undefined
  const nameLength = uint32(body, stampBytes)
  if (nameLength > machineNameBytesMax) return undefined
  const ids = stampBytes + 4 + ((nameLength + 3) & ~3)
  if (ids + 12 > length) return undefined
  const groups = uint32(body, ids + 8)
  if (groups > groupsMax || ids + 12 + groups * 4 !== length) return undefined
  const gids: number[] = []
  for (let i = 0; i < groups; i++) gids.push(uint32(body, ids + 12 + i * 4))
  return { address, port, flavor: 'sys', uid: uint32(body, ids), gid: uint32(body, ids + 4), gids }
}
