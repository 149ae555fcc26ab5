import { registrationsMax } from './limits.ts'
import type { HostPort, Netid } from './universal-address.ts'

/** Where one version of one program can be reached over one transport. */
export interface Registration extends HostPort {
  readonly program: number
  readonly version: number
  readonly netid: Netid
  /** Who registered it, as rpcinfo shows it. */
  readonly owner: string
  /** Set by this process itself: nobody can unset it by RPC. */
  readonly isOwn: boolean
}

/** The port mapper's table. */
export class Registry {
  readonly #registrations = new Map<string, Registration>()

  /** False if there is one for the same program, version and transport at another address, or no room. */
  set(registration: Registration): boolean {
    const key = keyOf(registration.program, registration.version, registration.netid)
    const known = this.#registrations.get(key)
    if (known !== undefined) return known.host === registration.host && known.port === registration.port
    if (this.#registrations.size >= registrationsMax) return false
    this.#registrations.set(key, registration)
    return true
  }

  /** Removes what others registered, of one transport or all; false if there was nothing to remove. */
  unset(program: number, version: number, wanted: readonly Netid[]): boolean {
    let removed = false
    for (const netid of wanted) {
      const key = keyOf(program, version, netid)
      if (this.#registrations.get(key)?.isOwn === false) removed = this.#registrations.delete(key) || removed
    }
    return removed
  }

  /** Removes what this process itself registered. */
  unsetOwn(): void {
    for (const [key, registration] of this.#registrations) {
      if (registration.isOwn) this.#registrations.delete(key)
    }
  }

  find(program: number, version: number, netid: Netid): Registration | undefined {
    return this.#registrations.get(keyOf(program, version, netid))
  }

  /**
   * Some other version if the one asked for is not there (RFC 1833, section 2.2.1): the program itself then says which
   * versions it speaks.
   */
  findAnyVersion(program: number, version: number, netid: Netid): Registration | undefined {
    const exact = this.find(program, version, netid)
    if (exact !== undefined) return exact
    for (const registration of this.#registrations.values()) {
      if (registration.program === program && registration.netid === netid) return registration
    }
    return undefined
  }

  list(): Registration[] {
    return [...this.#registrations.values()]
  }
}

function keyOf(program: number, version: number, netid: Netid): string {
  return `${program}/${version}/${netid}`
}
