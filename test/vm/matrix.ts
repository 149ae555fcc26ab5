/** Stock clients of several kernels on every kind of file system: one server, an export of each kind. */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { explainedDifferences, type Surroundings, unexplained } from '../suites/differences.ts'
import { compareOutcomes, countOutcomes, type Outcomes } from '../suites/outcomes.ts'
import {
  installSuites,
  runSuites,
  runSuitesHere,
  type SuiteName,
  type SuitesOptions,
} from '../suites/suites.ts'
import { command } from './command.ts'
import { type FileSystemKind, fileSystemKinds, mountFileSystem } from './file-systems.ts'
import type { KernelName } from './kernel.ts'
import { OneMachine } from './one-machine.ts'
import { RunScope } from './run-scope.ts'
import { makeSourceTree } from './source-tree.ts'
import type { Vm } from './user-vm.ts'
import { clientView, firstDifferences, serverView } from './view.ts'

export interface MatrixOptions {
  /** Of the tree that is unpacked, moved and looked at from both sides. */
  readonly files: number
  readonly suites: readonly SuiteName[]
  readonly suitesOptions?: SuitesOptions
}

/** What came of one kernel on one file system. */
export interface PairResult {
  readonly kernel: KernelName
  /** As of `uname -r`. */
  readonly version: string
  readonly kind: FileSystemKind
  /** Checks of the suites that held through the mount, and those that did not. */
  readonly held: number
  readonly notHeld: number
  /** Checks that hold through the mount only. */
  readonly better: number
  /** Checks that do not hold and whose outcome is another than on the file system itself; each is explained or in `wrong`. */
  readonly differences: number
  /** What has no explanation. */
  readonly wrong: readonly string[]
}

const timeoutMs = 600_000

/** Not every kernel and file system shows every difference: which are no more is for the suites' own test to say. */
const entries = explainedDifferences.map((entry) => ({ ...entry, mayAgree: true as const }))

export class Matrix {
  readonly scope: RunScope
  readonly #machine: OneMachine
  readonly #options: MatrixOptions
  readonly #tar: string
  readonly #kinds: readonly FileSystemKind[]
  readonly #local = new Map<FileSystemKind, Promise<Outcomes>>()

  private constructor(
    machine: OneMachine,
    options: MatrixOptions,
    tar: string,
    kinds: readonly FileSystemKind[],
  ) {
    this.scope = machine.scope
    this.#machine = machine
    this.#options = options
    this.#tar = tar
    this.#kinds = kinds
  }

  static async start(options: MatrixOptions, kinds: readonly FileSystemKind[] = fileSystemKinds) {
    const scope = new RunScope()
    try {
      const directory = (kind: FileSystemKind) => join(scope.directory, kind)
      for (const kind of kinds) {
        await mountFileSystem(scope, kind, directory(kind))
        chmodSync(directory(kind), 0o1777)
      }
      const tar = join(scope.directory, 'tree.tar')
      await makeSourceTree(join(scope.directory, 'made'), tar, options.files)
      const exports = kinds.map(directory)
      const machine = await OneMachine.start({ exports, exportDirectory: exports[0]! }, scope)
      return new Matrix(machine, options, tar, kinds)
    } catch (error) {
      scope.close()
      throw error
    }
  }

  /** Runs the suites on all of the file systems themselves, which `pair` does otherwise when it is the first to ask. */
  async runHere(): Promise<void> {
    for (const kind of this.#kinds) await this.#suitesHere(kind)
  }

  async boot(kernel: KernelName): Promise<Vm> {
    const vm = await this.#machine.userVm({ kernel })
    if (this.#options.suites.length > 0) await installSuites(vm)
    return vm
  }

  async pair(vm: Vm, kernel: KernelName, kind: FileSystemKind): Promise<PairResult> {
    const at = `/mnt/${kind}`
    await vm.sh(`mkdir -p ${at}; ${this.#mountCommand(kind)}`)
    const wrong = await this.#useTree(vm, kind, kernel)
    const mounted = await this.#suites(vm, kind, kernel)
    await vm.sh(`umount ${at}`)
    const local = await this.#suitesHere(kind)
    const all = compareOutcomes(local, mounted)
    // What holds through the mount is right, whatever the file system itself does: FUSE and overlayfs do less than POSIX.
    const differences = all.filter((difference) => difference.mounted !== 'ok')
    const surroundings: Surroundings = {
      clientKernel: vm.kernelVersion,
      fileSystem: await this.#typeOf(kind),
    }
    const counts = [...countOutcomes(mounted).values()]
    return {
      kernel,
      version: vm.kernelVersion,
      kind,
      held: counts.reduce((sum, { ok }) => sum + ok, 0),
      notHeld: counts.reduce((sum, { notOk }) => sum + notOk, 0),
      better: all.length - differences.length,
      differences: differences.length,
      wrong: [...wrong, ...unexplained(differences, mounted, surroundings, entries)],
    }
  }

  close(): void {
    this.scope.close()
  }

  #here(kind: FileSystemKind, below = ''): string {
    return join(this.scope.directory, kind, below)
  }

  #mountCommand(kind: FileSystemKind): string {
    return `mount -t nfs -o vers=3 ${this.#machine.network.serverAddress}:${this.#here(kind)} /mnt/${kind}`
  }

  /** As differences.ts has it. */
  async #typeOf(kind: FileSystemKind): Promise<string> {
    return (await command('stat', ['-f', '-c', '%T', this.#here(kind)])).trim()
  }

  /** A tree is unpacked, renamed, linked, looked at from both sides, put into git and removed. */
  async #useTree(vm: Vm, kind: FileSystemKind, kernel: KernelName): Promise<string[]> {
    const here = this.#here(kind, kernel)
    const there = `/mnt/${kind}/${kernel}`
    await command('cp', [this.#tar, this.#here(kind, 'tree.tar')])
    await vm.sh(`mkdir ${there} && tar -C ${there} -xf /mnt/${kind}/tree.tar`, { timeoutMs })
    await vm.sh(
      `cd ${there} && mv tree moved && ln moved/part-0/module-0/file-1.ts hard && chmod 600 hard && mkfifo fifo`,
    )
    await vm.sh(`umount /mnt/${kind} && ${this.#mountCommand(kind)}`)
    const differences = firstDifferences(await clientView(vm, there), await serverView(here))
    await vm.sh(
      `cd ${there} && git init -q . && git add -A && git -c user.name=a -c user.email=b commit -q -m c && git fsck && rm -rf ${there}`,
      { timeoutMs },
    )
    return differences.map((line) => `tree: ${line}`)
  }

  async #suites(vm: Vm, kind: FileSystemKind, kernel: KernelName): Promise<Outcomes> {
    const { suites, suitesOptions } = this.#options
    if (suites.length === 0) return new Map()
    mkdirSync(this.#here(kind, `suites-${kernel}`))
    const outcomes = await runSuites(vm, `/mnt/${kind}/suites-${kernel}/run`, suites, suitesOptions)
    return outcomes
  }

  /** The suites on the file system itself, once. */
  #suitesHere(kind: FileSystemKind): Promise<Outcomes> {
    const { suites, suitesOptions } = this.#options
    if (suites.length === 0) return Promise.resolve(new Map())
    const known = this.#local.get(kind) ?? runSuitesHere(this.#here(kind, 'suites'), suites, suitesOptions)
    this.#local.set(kind, known)
    return known
  }
}
