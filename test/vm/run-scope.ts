/**
 * Everything a run makes outside its own memory (processes, mounts, namespaces, directories), undone in
 * reverse order when the scope closes, when the process exits and on SIGINT or SIGTERM. What a run killed by
 * force leaves behind carries that run's identity in its name; the next run's janitor removes it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandSync } from './command.ts'
import { namespaceDirectory, removeNamespace } from './namespace.ts'
import { isAlive, ownIdentity } from './process-identity.ts'

const open = new Set<RunScope>()
let counter = 0
let installed = false

export class RunScope {
  /** Unique on this machine; fits a network namespace's name. */
  readonly name: string
  /** A directory of this run for sockets, logs, images and mount points. */
  readonly directory: string
  readonly #undo: (() => void)[] = []

  constructor() {
    installHandlers()
    removeLeftovers()
    const identity = `${ownIdentity}-${counter++}`
    this.name = `fsva-${identity}`
    this.directory = join(tmpdir(), `fsva-vm-${identity}`)
    open.add(this)
    mkdirSync(this.directory, { mode: 0o755 })
    this.onClose(() => removeDirectory(this.directory))
  }

  /** Registers a synchronous undo step. */
  onClose(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** Undoes everything; a step that fails is reported and does not keep the others from being undone. */
  close(): void {
    open.delete(this)
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        undo()
      } catch (error) {
        process.stderr.write(`clean-up: ${error instanceof Error ? error.message : String(error)}\n`)
      }
    }
  }
}

function installHandlers(): void {
  if (installed) return
  installed = true
  process.on('exit', closeAll)
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
  for (const [signal, code] of Object.entries(codes)) process.on(signal, () => process.exit(code))
}

function closeAll(): void {
  for (const scope of [...open].reverse()) scope.close()
}

/** Unmounts what is mounted below a run's directory, deepest first, and removes it. */
function removeDirectory(directory: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const below = mounts
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
  for (const path of below.reverse()) commandSync('umount', ['-l', path])
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
}

/** The janitor: namespaces and directories whose run is dead. */
function removeLeftovers(): void {
  for (const name of existsSync(namespaceDirectory) ? readdirSync(namespaceDirectory) : []) {
    const owner = /^fsva-(\d+-\d+)-\d+$/.exec(name)?.[1]
    if (owner !== undefined && !isAlive(owner)) attempt(() => removeNamespace(name))
  }
  for (const name of readdirSync(tmpdir())) {
    const owner = /^fsva-vm-(\d+-\d+)-\d+$/.exec(name)?.[1]
    if (owner !== undefined && !isAlive(owner)) attempt(() => removeDirectory(join(tmpdir(), name)))
  }
}

/** Two janitors may meet: what the other one has removed already is no error. */
function attempt(removal: () => void): void {
  try {
    removal()
  } catch (error) {
    process.stderr.write(`left over from an earlier run: ${(error as Error).message}\n`)
  }
}
