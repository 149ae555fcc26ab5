/** One server with an export for each way of failing, and one user VM that has them all below /mnt. */
import { chmodSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileProgram, FailingFs } from '../fixtures/failing-fs.ts'
import { repositoryRoot } from './cache.ts'
import { command, commandSync } from './command.ts'
import { mountDisk, mountFileSystem } from './file-systems.ts'
import { OneMachine } from './one-machine.ts'
import { RunScope } from './run-scope.ts'
import type { Vm } from './user-vm.ts'

/**
 * - plain: an ext4 with nothing wrong; below it `nested`, a tmpfs of its own
 * - small: an ext4 that is full soon
 * - quota: a btrfs with a limit
 * - readonly: an ext4 that is remounted read-only while it is exported
 * - refused: exported read-only
 * - failing: every operation fails as its name says (test/fixtures/failing-fs.c)
 * - broken: an ext4 whose disk breaks
 * - fuse: a bindfs
 */
export const exportNames = [
  'plain',
  'small',
  'quota',
  'readonly',
  'refused',
  'failing',
  'broken',
  'fuse',
] as const
export type ExportName = (typeof exportNames)[number]

const limitMiB = 8
const brokenDiskMiB = 64
const ext4LinksMax = 65_000

export class ErrorScene {
  readonly scope: RunScope
  readonly machine: OneMachine
  readonly vm: Vm
  readonly failing: FailingFs
  /** fsva-attempt of the VM, for this machine. */
  readonly attempt: string

  private constructor(machine: OneMachine, vm: Vm, failing: FailingFs, attempt: string) {
    this.scope = machine.scope
    this.machine = machine
    this.vm = vm
    this.failing = failing
    this.attempt = attempt
  }

  static async start(): Promise<ErrorScene> {
    const scope = new RunScope()
    try {
      const path = (name: string) => join(scope.directory, name)
      const attempt = await compileProgram(
        scope,
        join(repositoryRoot, 'test/vm/programs/attempt.c'),
        'attempt',
      )
      const failing = await mountAll(scope, path)
      // Programs that cases leave running.
      scope.onClose(
        () => void commandSync('sh', ['-c', `kill $(cat ${path('plain/pids')}) 2> /dev/null || true`]),
      )
      const config = path('config.yaml')
      writeFileSync(config, `exports:\n  - { path: ${path('refused')}, read_only: true }\n`)
      const exports = exportNames.filter((name) => name !== 'refused').map(path)
      const machine = await OneMachine.start(
        { exports, exportDirectory: path('plain'), arguments: ['--config', config] },
        scope,
      )
      const vm = await machine.userVm()
      for (const name of exportNames) await vm.sh(mountExport(machine, path(name), `/mnt/${name}`))
      return new ErrorScene(machine, vm, failing, attempt)
    } catch (error) {
      scope.close()
      throw error
    }
  }

  /** Where an export is on the server. */
  here(name: ExportName, below = ''): string {
    return join(this.scope.directory, name, below)
  }

  /** Where the VM has it. */
  there(name: ExportName, below = ''): string {
    return join('/mnt', name, below)
  }

  /** What a shell script with `attempt` in it prints here, as a local program, in the export. */
  async local(name: ExportName, script: string, uid = 0): Promise<string> {
    const text = `cd ${this.here(name)} && alias attempt=${this.attempt}\n${script}`
    const who = uid === 0 ? [] : ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups']
    return (await command('setpriv', [...who, 'dash', '-c', text])).trimEnd()
  }

  /** The same in the VM, through the mount. */
  async remote(name: ExportName, script: string, uid = 0): Promise<string> {
    return this.vm.sh(`cd ${this.there(name)} && alias attempt=fsva-attempt\n${script}`, {
      uid,
      timeoutMs: 200_000,
    })
  }

  close(): void {
    this.scope.close()
  }
}

function mountExport(machine: OneMachine, path: string, at: string): string {
  const options = machine.server.mountOptions
  return `mkdir -p ${at} && mount -t nfs -o ${options} ${machine.network.serverAddress}:${path} ${at}`
}

async function mountAll(scope: RunScope, path: (name: string) => string): Promise<FailingFs> {
  chmodSync(scope.directory, 0o755)
  mkdirSync(path('small'))
  mkdirSync(path('quota'))
  mkdirSync(path('readonly'))
  mkdirSync(path('refused'))
  mkdirSync(path('failing'))
  mkdirSync(path('broken'))
  await mountFileSystem(scope, 'ext4', path('plain'))
  await mountFileSystem(scope, 'tmpfs', path('plain/nested'))
  await mountDisk(scope, 'ext4', path('small'), 16, ['-N', '256'])
  await mountDisk(scope, 'btrfs', path('quota'), 256)
  await command('btrfs', ['quota', 'enable', path('quota')])
  await command('btrfs', ['qgroup', 'limit', `${limitMiB}M`, path('quota')])
  await mountDisk(scope, 'ext4', path('readonly'), 16)
  await mountFileSystem(scope, 'FUSE', path('fuse'))
  const failing = await FailingFs.mount(scope, path('failing'), brokenDiskMiB << 20)
  await command('mkfs.ext4', ['-q', '-F', failing.disk])
  await command('mount', ['-o', 'loop,errors=continue', failing.disk, path('broken')])
  scope.onClose(() => void command('umount', ['-l', path('broken')]).catch(() => {}))
  const many = path('plain/many')
  mkdirSync(many)
  writeFileSync(join(many, '0'), '')
  for (let link = 1; link < ext4LinksMax; link++) linkSync(join(many, '0'), join(many, `${link}`))
  for (const name of exportNames.filter((name) => name !== 'failing')) chmodSync(path(name), 0o1777)
  return failing
}
