/** Counter-checks: without the record of replies, and without the grace period, the same kills reach programs. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopFile } from './kills-workers.ts'
import type { OneMachine } from './one-machine.ts'
import type { Vm } from './user-vm.ts'

/** While it exists the server dies on the next call that it records. */
function armedFile(machine: OneMachine): string {
  return join(machine.scope.directory, 'armed')
}

/** To be called once, before the first start that is to have it. */
export function letDieOnOperation(machine: OneMachine): void {
  machine.server.reconfigure({ environment: { FSVA_TEST_KILL: `operated:${armedFile(machine)}` } })
}

export interface KilledCommand {
  /** Done before, through the mount. */
  readonly prepare: string
  /** The server dies after its operation and before its reply. */
  readonly script: string
}

/** By procedure; names are below the current directory. */
export const killedCommands: Readonly<Record<string, KilledCommand>> = {
  MKDIR: { prepare: 'true', script: 'mkdir made' },
  RENAME: { prepare: 'touch renamed', script: 'mv renamed elsewhere' },
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
  const { server } = machine
  const armed = armedFile(machine)
  await vm.sh(`mkdir -p ${directory} && cd ${directory} && ${prepare}`)
  writeFileSync(armed, '')
  const running = vm.run(`cd ${directory} && ${script}`)
  await server.ended()
  rmSync(armed)
  if (record === 'lost') rmSync(join(server.stateDirectory, 'replies'))
  await server.start()
  const { stdout, stderr } = await running
  return `${stdout}${stderr}`.trim()
}

/** Without a grace period, a client has a lock and another one tries to get it: what they say when the server is killed. */
export async function killWithoutGrace(
  machine: OneMachine,
  [holder, rival]: readonly [Vm, Vm],
): Promise<string> {
  const { server, exportDirectory } = machine
  const file = join(exportDirectory, 'held')
  writeFileSync(file, 'free 0'.padEnd(63).concat('\n'))
  server.reconfigure({ arguments: ['--grace-seconds', '0'] })
  await server.restart('SIGKILL')
  const lock = async (vm: Vm, holdMs: number) => {
    await vm.sh(`rm -f ${stopFile}`)
    return vm.run(`fsva-load-lock /mnt/held fcntl try ${holdMs} ${vm.name} ${stopFile}`)
  }
  const held = lock(holder, 600_000)
  while (!readFileSync(file, 'latin1').startsWith(holder.name)) await sleep(100)
  const tried = lock(rival, 10)
  await rival.sh('sleep 0.5')
  await server.restart('SIGKILL')
  // Whoever finds the other one ends.
  await Promise.race([held, tried, sleep(60_000, undefined, { ref: false })])
  for (const vm of [holder, rival]) await vm.sh(`touch ${stopFile}`)
  const outputs = await Promise.all([held, tried])
  return outputs.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('')
}
