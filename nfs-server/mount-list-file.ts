import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from './log.ts'
import { MountList } from './programs/mount3/mount-list.ts'
import { formatRmtab, parseRmtab } from './programs/mount3/rmtab.ts'

const writeDelayMs = 1000

/** The mount list and its file in the state directory, so that `showmount -a` knows of mounts before a restart. */
export class MountListFile {
  readonly list: MountList
  readonly #directory: string
  readonly #file: string
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined

  constructor(stateDirectory: string, log: Logger) {
    this.#directory = stateDirectory
    this.#file = join(stateDirectory, 'rmtab')
    this.#log = log
    this.list = new MountList({ entries: this.#read(), onChange: () => this.#changed() })
  }

  #read() {
    try {
      return parseRmtab(readFileSync(this.#file, 'latin1'))
    } catch {
      return []
    }
  }

  /** Many mounts at once make one write. */
  #changed(): void {
    this.#timer ??= setTimeout(() => this.flush(), writeDelayMs).unref()
  }

  /** Writes what has changed. The list is a hint: a failure is worth a warning, no more. */
  flush(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      writeFileSync(`${this.#file}.new`, formatRmtab(this.list.entries()), {
        encoding: 'latin1',
        mode: 0o600,
      })
      renameSync(`${this.#file}.new`, this.#file)
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot write the mount list')
    }
  }
}
