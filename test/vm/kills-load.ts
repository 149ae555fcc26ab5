/** The mixed load of two user VMs on one export: started, stopped, and what became of it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunResult } from './agent-channel.ts'
import { command } from './command.ts'
import { databaseSql, lockFiles, stopFile, workersOf } from './kills-workers.ts'
import type { OneMachine } from './one-machine.ts'
import type { Vm } from './user-vm.ts'

/** Longer than any load; a program that hangs is found then. */
const loadTimeoutMs = 3 * 3600_000

export interface FinishedWorker {
  readonly vm: string
  /** Without the VM. */
  readonly name: string
  readonly output: string
}

export class MixedLoad {
  readonly machine: OneMachine
  readonly vms: readonly [Vm, Vm]
  /** One line for each error that reached a program. */
  readonly failures: string[] = []
  readonly finished: FinishedWorker[] = []
  #running: Promise<unknown> = Promise.resolve()
  #isOver = false

  private constructor(machine: OneMachine, vms: readonly [Vm, Vm]) {
    this.machine = machine
    this.vms = vms
  }

  /** Boots two user VMs, each with the export on /mnt and its locks on the server. */
  static async boot(machine: OneMachine, rounds: number): Promise<MixedLoad> {
    await prepare(machine.exportDirectory, rounds)
    const bootOne = async (name: string) => {
      const vm = await machine.userVm({ name, memoryMiB: 640 })
      await vm.sh(machine.lockingMountCommand())
      return vm
    }
    return new MixedLoad(machine, await Promise.all([bootOne('vm1'), bootOne('vm2')]))
  }

  start(seed: number): void {
    const runs = this.vms.flatMap((vm, index) =>
      workersOf(vm.name, seed + 100 * index).map(async ({ name, script }) => {
        const result = await vm.run(`set -e\n${script}`, { timeoutMs: loadTimeoutMs })
        this.#ended(vm.name, name, result)
      }),
    )
    this.#running = Promise.all(runs).finally(() => {
      this.#isOver = true
    })
    this.#running.catch(() => {})
  }

  /** A program has failed, or all have ended: no need to go on. */
  get isOver(): boolean {
    return this.#isOver || this.failures.length > 0
  }

  async stop(): Promise<void> {
    for (const vm of this.vms) await vm.sh(`touch ${stopFile}`)
    await this.#running
  }

  #ended(vm: string, name: string, { exitCode, stdout, stderr }: RunResult): void {
    const output = stdout.toString()
    const said = `${output.slice(-500)}${stderr.toString().slice(-1000)}`.trim()
    if (exitCode !== 0 || stderr.length > 0) this.failures.push(`${name}: exit code ${exitCode}: ${said}`)
    else this.finished.push({ vm, name: name.slice(vm.length + 1), output })
  }
}

async function prepare(directory: string, rounds: number): Promise<void> {
  const at = (path: string) => join(directory, path)
  for (const path of ['vm1', 'vm2', 'locks', 'race', 'race/created', 'race/claimed', 'race/tokens'])
    await mkdir(at(path))
  for (const { file } of lockFiles) await writeFile(at(`locks/${file}`), 'free 0'.padEnd(63).concat('\n'))
  for (let round = 0; round < rounds; round++) await writeFile(at(`race/tokens/${round}`), '')
  for (const path of ['vm1/own.db', 'vm2/own.db', 'shared.db'])
    await command('sqlite3', [at(path), databaseSql])
}
