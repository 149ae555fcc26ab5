/** What the demo needs of a layout: the server somewhere, user VMs, and the server's own view. */
import type { DemoReport } from './demo-report.ts'
import type { FileSystem } from './disk.ts'
import { OneMachine, type UserVmOptions } from './one-machine.ts'
import { TwoVms } from './two-vms.ts'
import type { Vm } from './user-vm.ts'

export interface Layout {
  readonly exportDirectory: string
  /** The name of the server's prompt. */
  readonly serverName: string
  userVm(options: UserVmOptions): Promise<Vm>
  mountCommand(): string
  /** Runs a shell script on the server's side and answers its output. */
  onServer(script: string): Promise<string>
  calls(): Promise<Map<string, number>>
  close(): Promise<void>
}

export async function startLayout(
  name: 'one-machine' | 'two-vms',
  fileSystem: FileSystem,
  report: DemoReport,
): Promise<Layout> {
  if (name === 'two-vms') return TwoVms.start({ fileSystem, report })
  report.step('starting fsva-nfsd')
  const machine = await OneMachine.start()
  report.done(`serves ${machine.exportDirectory}`)
  return machine
}
