/** `npm start -- --shell`: joins this terminal to a prompt in the user VM. */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { DemoReport } from './demo-report.ts'
import type { Vm } from './user-vm.ts'

const endOfTransmission = '\x04'

/** Returns when the VM has powered off. */
export async function demoShell(vm: Vm, report: DemoReport): Promise<void> {
  const { stdin, stdout } = process
  report.line(
    '\nYou are root in the user VM; the export is mounted on /mnt. "exit" or ^D powers the VM off.\n',
  )
  const console = connect(vm.qemu.consoleSocket)
  await once(console, 'connect')
  if (stdout.isTTY) await vm.sh(`stty rows ${stdout.rows} cols ${stdout.columns} < /dev/hvc0`)
  if (stdin.isTTY) stdin.setRawMode(true)
  else await vm.sh('stty -echo < /dev/hvc0')
  console.pipe(stdout, { end: false })
  stdin.on('data', (chunk) => console.write(chunk))
  // Input from a pipe ends; the shell reads ^D at an empty line as the end.
  stdin.on('end', () => console.write(endOfTransmission))
  console.on('error', () => {})
  await vm.sh('touch /run/shell-ready')
  await vm.qemu.ended
  if (stdin.isTTY) stdin.setRawMode(false)
  stdin.pause()
  report.line('\nThe VM is off.')
}
