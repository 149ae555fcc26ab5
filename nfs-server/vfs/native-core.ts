/** The native core as the rest of the server uses it: exports in, callers by number. */
import {
  addon,
  type ExportArgument,
  type ExportStrategy,
  type Judgement,
  type NativeCore,
  STALE_CALLER,
} from '../../native/binding.ts'
import type { Caller } from '../caller.ts'
import type { ExportOptions } from '../exports.ts'

export type { Judgement } from '../../native/binding.ts'

let isEndAnnounced = false

/**
 * For a process with workers: its end waits for them, and they would wait for what hangs in a file system, because that
 * uses their memory. From now on they know when it is the process that ends.
 */
export function announceProcessEnd(): void {
  if (isEndAnnounced) return
  isEndAnnounced = true
  process.once('exit', (code) => addon.processEnds(code))
}

/** For a process that is ours: large buffers that are given up are not resident any more. */
export function mapLargeBuffers(): void {
  addon.mapLargeBuffers()
}

/** One per state directory and process, of which each thread has one of these. */
export class Core {
  readonly native: NativeCore
  readonly #ids = new WeakMap<Caller, number>()
  #isClosed = false

  /**
   * By its state directory, whose parent must exist: throws if another server uses it, or it is not usable. Or the core
   * that another thread shares.
   */
  constructor(core: string | { readonly shared: number }) {
    this.native = typeof core === 'string' ? addon.NativeCore.open(core) : addon.NativeCore.join(core.shared)
  }

  /** What another thread makes its Core of, as long as this one is not closed. */
  share(): { readonly shared: number } {
    return { shared: this.native.share() }
  }

  /**
   * Replaces all exports at once; clients are addresses, CIDR blocks or '*'. Throws, and changes nothing, if it
   * cannot. Handles of exports that stay are valid on.
   */
  loadExports(exports: readonly ExportOptions[]): void {
    this.native.loadExports(exports.map(exportArgument))
  }

  /** As loadExports, of exports that a Vfs written in TypeScript serves: their paths are only names. */
  loadPolicy(exports: readonly ExportOptions[]): void {
    this.native.loadPolicy(exports.map(exportArgument))
  }

  /** Gives up the state directory as soon as every NativeVfs, and those of other threads, are closed, too. */
  close(): void {
    this.#isClosed = true
    this.native.close()
  }

  /** How each export's handles are made, in words for the log. */
  strategies(): readonly ExportStrategy[] {
    return this.native.strategies()
  }

  /** Whether callers are served with their own rights; else everything is done as the server's user. */
  get privileged(): boolean {
    return this.native.privileged
  }

  /** What the gate says of a handle, as it would to a call that reads; nothing once this is closed. */
  judge(caller: Caller, handle: Uint8Array): Judgement | undefined {
    if (this.#isClosed) return undefined
    const judgement = this.native.guardJudge(this.callerId(caller), handle)
    if (judgement.status !== STALE_CALLER) return judgement
    return this.native.guardJudge(this.internAgain(caller), handle)
  }

  /** The number that stands for this caller in native calls. */
  callerId(caller: Caller): number {
    return this.#ids.get(caller) ?? this.internAgain(caller)
  }

  /** After STALE_CALLER. */
  internAgain(caller: Caller): number {
    const { address, port, flavor, uid, gid, gids } = caller
    const id = this.native.intern(address, port, flavor === 'sys', uid >>> 0, gid >>> 0, [...gids])
    this.#ids.set(caller, id)
    return id
  }
}

function exportArgument(options: ExportOptions): ExportArgument {
  return { ...options, clients: [...options.clients] }
}
