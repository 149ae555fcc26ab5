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

/** One per state directory and process. */
export class Core {
  readonly native: NativeCore
  readonly #ids = new WeakMap<Caller, number>()

  /** Throws if another server uses the directory, or it is not usable; its parent must exist. */
  constructor(stateDirectory: string) {
    this.native = addon.NativeCore.open(stateDirectory)
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

  /** Gives up the state directory as soon as every NativeVfs is closed, too. */
  close(): void {
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

  /** What the gate says of a handle, as it would to a call that reads. */
  judge(caller: Caller, handle: Uint8Array): Judgement {
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
