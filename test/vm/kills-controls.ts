/** Counter-checks: without the record of replies, and without the grace period, the same kills reach programs. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopFile } from './kills-workers.ts'
import type { OneMachine } from './one-machine.ts'
import type { Vm } from './user-vm.ts'

export interface KilledCommand {
  /** Done before, through the mount. */
  readonly prepare: string
  /** The server dies after its operation and before its reply. */
  readonly script: string
}

/** By procedure; names are below the current directory. */
export const killedCommands: Readonly<Record<string, KilledCommand>> = {
  MKDIR: { prepare: 'true', script: 'mkdir made' },
  REMOVE: { prepare: 'touch removed', script: 'rm removed' },
  RENAME: { prepare: 'touch renamed', script: 'mv renamed elsewhere' },
  LINK: { prepare: 'touch linked', script: 'link linked another' },
}

/**
 * Runs a command in a VM and kills the server between the operation and its reply; started again with the record of
 * replies, or after that was lost. Answers what the program said: nothing, if it saw nothing.
 */
export async function killOnOperation(
  machine: OneMachine,
  vm: Vm,
  directory: string,
  { prepare, script }: KilledCommand,
  record: 'kept' | 'lost',
): Promise<string> {
  const { server, scope } = machine
  const armed = join(scope.directory, 'armed')
  server.reconfigure({ environment: { FSVA_TEST_KILL: `operated:${armed}` } })
  await server.restart('SIGKILL')
  await vm.sh(`mkdir -p ${directory} && cd ${directory} && ${prepare}`)
  writeFileSync(armed, '')
  const running = vm.run(`cd ${directory} && ${script}`)
  await server.ended()
  rmSync(armed)
  server.reconfigure({ environment: {} })
  if (record === 'lost') rmSync(join(server.stateDirectory, 'replies'))
  await server.start()
  const { stdout, stderr } = await running
  return `${stdout}${stderr}`.trim()
}

/** A client that has a lock, another one that tries to get it; what they say when the server is killed once. */
export async function killWithLockHeld(
  machine: OneMachine,
  [holder, rival]: readonly Vm[],
  graceSeconds: number,
): Promise<string> {
  const { server, exportDirectory } = machine
  const file = join(exportDirectory, `held-${graceSeconds}`)
  writeFileSync(file, 'free 0'.padEnd(63).concat('\n'))
  server.reconfigure({ arguments: ['--grace-seconds', `${graceSeconds}`] })
  await server.restart('SIGKILL')
  await Promise.all([holder!, rival!].map((vm) => vm.sh(`rm -f ${stopFile}`)))
  const lock = (vm: Vm, holdMs: number) =>
    vm.run(`fsva-load-lock /mnt/held-${graceSeconds} fcntl try ${holdMs} ${vm.name} ${stopFile}`)
  const held = lock(holder!, 600_000)
  const ownedBy = (name: string) => readFileSync(file, 'latin1').startsWith(name)
  while (!ownedBy(holder!.name)) await sleep(100)
  const tried = lock(rival!, 10)
  await rival!.sh('sleep 0.5')
  await server.restart('SIGKILL')
  // Both go on; if nothing happens, the rival never gets it.
  await Promise.race([held, tried, sleep((graceSeconds + 4) * 1000)])
  for (const vm of [holder!, rival!]) await vm.sh(`touch ${stopFile}`)
  const outputs = await Promise.all([held, tried])
  return outputs
    .map(({ stdout, stderr }) => `${stdout}${stderr}`.split('\n').find((line) => /FAILED/.test(line)))
    .filter(Boolean)
    .join('\n')
}
