/** Suites in one user VM, first on a file system of its own, then through a mount of the same kind of file system. */
import { OneMachine } from '../vm/one-machine.ts'
import { RunScope } from '../vm/run-scope.ts'
import type { Vm } from '../vm/user-vm.ts'
import type { Surroundings } from './differences.ts'
import { localDisk, mountLocalDisk } from './local-file-system.ts'
import type { Outcomes } from './outcomes.ts'
import { installSuites, runSuites, type SuiteName, type SuitesOptions } from './suites.ts'

const fileSystem = 'ext4'

export class TwoRuns {
  readonly machine: OneMachine
  readonly vm: Vm
  readonly surroundings: Surroundings

  private constructor(machine: OneMachine, vm: Vm) {
    this.machine = machine
    this.vm = vm
    this.surroundings = { clientKernel: vm.kernelVersion, fileSystem }
  }

  /** Boots the VM, with the export on /mnt (locks on the server) and a disk of its own on /local. */
  static async start(): Promise<TwoRuns> {
    const scope = new RunScope()
    try {
      const machine = await OneMachine.start({}, scope)
      const vm = await machine.userVm({ deviceArguments: await localDisk(scope, fileSystem) })
      await mountLocalDisk(vm, fileSystem, '/local')
      await vm.sh(machine.lockingMountCommand())
      await installSuites(vm)
      return new TwoRuns(machine, vm)
    } catch (error) {
      scope.close()
      throw error
    }
  }

  locally(suite: SuiteName, options?: SuitesOptions): Promise<Outcomes> {
    return runSuites(this.vm, '/local/run', [suite], options)
  }

  mounted(suite: SuiteName, options?: SuitesOptions): Promise<Outcomes> {
    return runSuites(this.vm, '/mnt/run', [suite], options)
  }

  close(): Promise<void> {
    return this.machine.close()
  }
}
