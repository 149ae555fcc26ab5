/** Who may have a session, and with what memory. */
import { privilegedPortMax } from '../log-refusals.ts'
import type { Hello } from './hello.ts'
import { regionBytes, type SideChannelDevice } from './options.ts'

/** Who said hello, by the kernel's word. */
export type Visitor =
  | { readonly kind: 'local'; readonly uid: number }
  | { readonly kind: 'remote'; readonly address: string; readonly port: number }

/** Whom exports and credentials are about from then on. */
export interface Client {
  readonly address: string
  readonly privilegedPort: boolean
}

export interface Admission {
  readonly client: Client
  /** Paths of the exports that it may use. */
  readonly exports: readonly string[]
  /** Number of its device; undefined: a memory file, of so many bytes. */
  readonly device: number | undefined
  readonly bytes: number
}

/** The message is the end of a sentence about the client; `advice` is for whoever runs it. */
export class RefusedError extends Error {
  readonly advice: string

  constructor(message: string, advice: string) {
    super(message)
    this.advice = advice
  }
}

export interface AdmissionPolicy {
  /** All exports' paths. */
  readonly exports: () => readonly string[]
  /** Whether the export admits this client by the side channel. */
  readonly admits: (path: string, client: Client) => boolean
  readonly devices: readonly SideChannelDevice[]
  readonly bytesMax: number
}

/** Throws RefusedError. */
export function admit(policy: AdmissionPolicy, visitor: Visitor, hello: Hello): Admission {
  const client = clientOf(visitor, hello)
  const exports = admittedExports(policy, client)
  if (exports.length === 0) throw notAdmitted(policy, client)
  if (visitor.kind === 'local') {
    return { client, exports, device: undefined, bytes: wantedBytes(hello.bytes, policy.bytesMax) }
  }
  const device = policy.devices.findIndex((entry) => entry.client === client.address)
  if (device < 0) {
    throw new RefusedError(
      'no device is configured for it',
      `name the memory that both machines share in side_channel.devices of the server, with client: ${client.address}`,
    )
  }
  return { client, exports, device, bytes: 0 }
}

/**
 * On this machine, only root and this server's user come this far, and root could have any address and port: they are
 * believed. On others, the kernel says who it is.
 */
function clientOf(visitor: Visitor, hello: Hello): Client {
  if (visitor.kind === 'local') return { address: hello.clientAddress ?? '127.0.0.1', privilegedPort: true }
  return { address: visitor.address, privilegedPort: visitor.port <= privilegedPortMax }
}

export function admittedExports(
  policy: Pick<AdmissionPolicy, 'exports' | 'admits'>,
  client: Client,
): readonly string[] {
  return policy.exports().filter((path) => policy.admits(path, client))
}

function notAdmitted(policy: AdmissionPolicy, client: Client): RefusedError {
  const byPort = !client.privilegedPort && { ...client, privilegedPort: true }
  if (byPort && admittedExports(policy, byPort).length > 0) {
    return new RefusedError(
      'its port is not below 1024, which "secure" demands',
      'connect as root from a port below 1024, or write secure: false for the export',
    )
  }
  return new RefusedError(
    `no export admits ${client.address} by the side channel`,
    'see clients and side_channel of the exports in the configuration of the server',
  )
}

/** What is wanted, as far as there is any such region. */
function wantedBytes(wanted: number | undefined, max: number): number {
  const { unit, min } = regionBytes
  const most = Math.floor(max / unit) * unit
  if (wanted === undefined || wanted >= most) return most
  return Math.max(Math.ceil(wanted / unit) * unit, min)
}
