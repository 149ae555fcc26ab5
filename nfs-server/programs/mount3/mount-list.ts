import { mountEntriesMax, mountEntriesPerAddressMax } from './limits.ts'

/** One client that mounted one directory and has not said that it unmounted it. */
export interface MountEntry {
  /** Textual IP address of the client. */
  readonly hostname: string
  /** The path it mounted, as bytes, without superfluous slashes. */
  readonly directory: Uint8Array
}

export interface MountListOptions {
  /** Entries from an earlier run, oldest first. */
  readonly entries?: readonly MountEntry[] | undefined
  /** Called after every change, for whoever keeps the list on disk. */
  readonly onChange?: (() => void) | undefined
}

/** Who mounts what, as far as the clients tell. Bounded: a client can mount without end and never unmount. */
export class MountList {
  /** By address, then by directory (one character per byte); both oldest first. */
  readonly #byAddress = new Map<string, Map<string, MountEntry>>()
  readonly #onChange: (() => void) | undefined
  #size = 0

  constructor(options: MountListOptions = {}) {
    for (const entry of options.entries ?? []) this.add(entry.hostname, entry.directory)
    this.#onChange = options.onChange
  }

  get size(): number {
    return this.#size
  }

  entries(): MountEntry[] {
    return [...this.#byAddress.values()].flatMap((entries) => [...entries.values()])
  }

  add(hostname: string, directory: Uint8Array): void {
    const entries = this.#byAddress.get(hostname) ?? new Map<string, MountEntry>()
    const key = Buffer.from(directory).toString('latin1')
    if (entries.has(key)) return
    if (entries.size >= mountEntriesPerAddressMax) this.#forgetOldest(entries)
    else if (this.#size >= mountEntriesMax) this.#forgetOldestAddress()
    entries.set(key, { hostname, directory: new Uint8Array(directory) })
    this.#byAddress.set(hostname, entries)
    this.#size++
    this.#onChange?.()
  }

  remove(hostname: string, directory: Uint8Array): void {
    const entries = this.#byAddress.get(hostname)
    if (entries?.delete(Buffer.from(directory).toString('latin1')) !== true) return
    this.#size--
    if (entries.size === 0) this.#byAddress.delete(hostname)
    this.#onChange?.()
  }

  removeAll(hostname: string): void {
    const entries = this.#byAddress.get(hostname)
    if (entries === undefined) return
    this.#size -= entries.size
    this.#byAddress.delete(hostname)
    this.#onChange?.()
  }

  #forgetOldest(entries: Map<string, MountEntry>): void {
    entries.delete(entries.keys().next().value!)
    this.#size--
  }

  #forgetOldestAddress(): void {
    const [hostname, entries] = this.#byAddress.entries().next().value!
    this.#forgetOldest(entries)
    if (entries.size === 0) this.#byAddress.delete(hostname)
  }
}
