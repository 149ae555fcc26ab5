import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Caller } from './caller.ts'
import type { ExportOptions } from './exports.ts'
import type { Logger } from './log.ts'
import { type OpenReplyCache, openReplyCache } from './reply-cache/open-reply-cache.ts'
import { takePiece } from './rpc/buffer-pool.ts'
import { GuardedVfs } from './vfs/guarded-vfs.ts'
import { Core, type Judgement } from './vfs/native-core.ts'
import { NativeExportGuard } from './vfs/native-export-guard.ts'
import { NativeVfs } from './vfs/native-vfs.ts'
import type { Vfs } from './vfs/vfs.ts'

/** The state directory cannot be used; the message says why. */
export class StateDirectoryError extends Error {}

export interface BackendOptions {
  /** Clients are addresses and blocks; host names have been resolved. */
  readonly exports: readonly ExportOptions[]
  readonly stateDir: string
  /** The file system of the operating system if undefined. */
  readonly vfs: Vfs | undefined
  /** 0: none. */
  readonly replyCacheBytesMax: number
  readonly log: Logger
}

/** The file system a server serves, with export policy and handles around it. */
export class Backend {
  readonly vfs: Vfs
  readonly core: Core
  /** Undefined if there is to be none. */
  readonly replyCache: OpenReplyCache | undefined
  /** Undefined if the server was given a Vfs of its own. */
  readonly #native: NativeVfs | undefined
  readonly #log: Logger
  /** What was logged about each export, so that a reload logs only what is new. */
  #described = new Map<string, string>()

  constructor({ exports, stateDir, vfs, replyCacheBytesMax, log }: BackendOptions) {
    this.core = openCore(stateDir)
    this.#log = log
    this.#native = vfs === undefined ? new NativeVfs(this.core, takePiece) : undefined
    this.vfs = this.#native ?? new GuardedVfs(vfs!, new NativeExportGuard(this.core))
    try {
      this.setExports(exports)
      this.replyCache = this.#openReplyCache(replyCacheBytesMax)
    } catch (error) {
      this.close()
      throw error
    }
    if (this.#native !== undefined && !this.core.privileged) {
      log.warn(
        `not root: every client is served with the rights of this process (uid ${process.getuid?.()}), ` +
          'whoever it says is asking',
      )
    }
  }

  #openReplyCache(bytesMax: number): OpenReplyCache | undefined {
    if (bytesMax === 0) return undefined
    const isLasting = this.#native !== undefined
    return openReplyCache({ core: this.core, isLasting, bytesMax, log: this.#log })
  }

  /** Replaces the exports; their clients are addresses and blocks. Throws, changing nothing, if it cannot. */
  setExports(exports: readonly ExportOptions[]): void {
    if (this.#native === undefined) this.core.loadPolicy(exports)
    else this.core.loadExports(exports)
    const strategies = new Map(this.core.strategies().map((entry) => [entry.path, entry.strategies]))
    const described = new Map(
      exports.map((entry) => [entry.path, this.#describe(entry, strategies.get(entry.path) ?? [])]),
    )
    for (const [path, description] of described) {
      if (this.#described.get(path) !== description) this.#log.info(`export ${path}: ${description}`)
    }
    this.#described = described
  }

  /** What the exports say of a handle, before anything is done with it; nothing once this is closed. */
  judge(caller: Caller, handle: Uint8Array): Judgement | undefined {
    return this.core.judge(caller, handle)
  }

  /** To be called when no call is in progress any more. */
  close(): void {
    this.replyCache?.close()
    this.#native?.close()
    this.core.close()
  }

  #describe(entry: ExportOptions, strategies: readonly string[]): string {
    const rules = [
      entry.readOnly ? 'read-only' : 'read and write',
      entry.squash === 'no_root_squash'
        ? entry.squash
        : `${entry.squash} to ${entry.anonuid}:${entry.anongid}`,
      entry.secure ? 'secure ports' : 'any port',
      entry.sync ? 'sync' : 'ASYNC: a crash may lose changes that clients were told are safe',
    ]
    const handles = this.#native !== undefined ? `; file handles: ${strategies.join('; ') || 'none yet'}` : ''
    return `${rules.join(', ')}${handles}`
  }
}

function openCore(stateDirectory: string): Core {
  try {
    mkdirSync(dirname(stateDirectory), { recursive: true, mode: 0o755 })
    return new Core(stateDirectory)
  } catch (error) {
    throw new StateDirectoryError((error as Error).message, { cause: error })
  }
}
