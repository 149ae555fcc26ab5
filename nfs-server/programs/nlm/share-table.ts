/** Sharing reservations of DOS programs (X/Open XNFS, section 10.4): advisory, among those who make them. */
import { fsh_access, type nlm4_share, nlm4_stats } from '../../xdr/generated/nlm.ts'
import type { LockClient, LockClients } from './lock-client.ts'
import { keyOf } from './owner.ts'

interface Reservation {
  readonly client: LockClient
  readonly holder: string
  readonly access: number
  /** What others may not do, as bits of access: fsh_mode has the same ones. */
  readonly deny: number
}

export class ShareTable {
  readonly #clients: LockClients
  readonly #files = new Map<string, Reservation[]>()

  constructor(clients: LockClients) {
    this.#clients = clients
  }

  share(client: LockClient, { fh, oh, mode, access }: nlm4_share): nlm4_stats {
    const key = keyOf(fh)
    const holder = holderKey(client, oh)
    const others = (this.#files.get(key) ?? []).filter((known) => known.holder !== holder)
    const isDenied = others.some((other) => (other.deny & access) !== 0 || (other.access & mode) !== 0)
    if (isDenied) return nlm4_stats.NLM4_DENIED
    if (!this.#clients.mayLock(client)) return nlm4_stats.NLM4_DENIED_NOLOCKS
    this.unshare(client, fh, oh)
    this.#files.set(key, [...others, { client, holder, access: access & fsh_access.fsa_RW, deny: mode }])
    this.#clients.countLocks(client, 1)
    return nlm4_stats.NLM4_GRANTED
  }

  unshare(client: LockClient, fh: Uint8Array, oh: Uint8Array): void {
    const holder = holderKey(client, oh)
    this.#remove(keyOf(fh), (known) => known.holder === holder)
  }

  freeClient(client: LockClient): void {
    for (const key of this.#files.keys()) this.#remove(key, (known) => known.client === client)
  }

  #remove(key: string, isGone: (reservation: Reservation) => boolean): void {
    const known = this.#files.get(key)
    if (known === undefined) return
    for (const gone of known.filter(isGone)) this.#clients.countLocks(gone.client, -1)
    const left = known.filter((reservation) => !isGone(reservation))
    if (left.length === 0) this.#files.delete(key)
    else this.#files.set(key, left)
  }
}

function holderKey({ address, name }: LockClient, oh: Uint8Array): string {
  return `${address}\0${name}\0${keyOf(oh)}`
}
