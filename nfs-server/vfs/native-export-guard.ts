import { type AdmissionResult, STALE_CALLER } from '../../native/binding.ts'
import type { Caller } from '../caller.ts'
import type { Errno } from './errno.ts'
import type { Admission, ExportGuard, OpenedHandle } from './export-guard.ts'
import type { Core } from './native-core.ts'
import type { FileHandle } from './vfs.ts'

/** Export policy and handles of the native core for a Vfs written in TypeScript. */
export class NativeExportGuard implements ExportGuard {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  enter(caller: Caller, exportPath: string): Admission | Errno {
    const result = this.#ask(caller, (id) => this.#core.native.guardEnter(id, exportPath))
    return result.status === 0 ? admission(caller, result) : result.status
  }

  open(caller: Caller, handle: FileHandle): OpenedHandle | Errno {
    const result = this.#ask(caller, (id) => this.#core.native.guardOpen(id, handle))
    if (result.status !== 0 || result.inner === undefined) return result.status
    return { ...admission(caller, result), handle: result.inner }
  }

  seal(exportId: number, handle: FileHandle): FileHandle {
    return this.#core.native.guardSeal(exportId, handle)
  }

  #ask(caller: Caller, ask: (id: number) => AdmissionResult): AdmissionResult {
    const result = ask(this.#core.callerId(caller))
    return result.status === STALE_CALLER ? ask(this.#core.internAgain(caller)) : result
  }
}

function admission(caller: Caller, { exportId, readOnly, uid, gid, gids }: AdmissionResult): Admission {
  return { exportId, readOnly, caller: { ...caller, flavor: 'sys', uid, gid, gids } }
}
